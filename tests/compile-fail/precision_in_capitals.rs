#[machinist::app(machine_type = "GPU-H100", requires(precision = "FP8"))]
fn app() {}

fn main() {
    app();
}
