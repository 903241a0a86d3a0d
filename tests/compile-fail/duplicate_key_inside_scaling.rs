#[machinist::app(machine_type = "GPU-H100", scaling(keep_alive = 5, keep_alive = 6))]
fn app() {}

fn main() {
    app();
}
