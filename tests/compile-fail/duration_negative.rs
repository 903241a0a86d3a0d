#[machinist::app(machine_type = "GPU-H100", scaling(keep_alive = -5))]
fn app() {}

fn main() {
    app();
}
