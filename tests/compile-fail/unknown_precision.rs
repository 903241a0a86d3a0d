#[machinist::app(machine_type = "GPU-H100", requires(precision = "fp16"))]
fn app() {}

fn main() {
    app();
}
