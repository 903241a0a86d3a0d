#[machinist::app(machine_type = "GPU-A100", requires(precision = "fp8"))]
fn app() {}

fn main() {
    app();
}
