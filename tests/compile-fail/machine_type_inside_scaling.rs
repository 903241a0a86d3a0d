#[machinist::app(scaling(machine_type = "GPU-H100"))]
fn app() {}

fn main() {
    app();
}
