#[machinist::app(machine_type = "GPU-H100", scalling(keep_alive = 5))]
fn app() {}

fn main() {
    app();
}
