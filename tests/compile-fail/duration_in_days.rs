#[machinist::app(machine_type = "GPU-H100", scaling(keep_alive = "2d"))]
fn app() {}

fn main() {
    app();
}
