#[machinist::app(machine_type = "GPU-H100", requires(precision = ["fp8", "fp4"]))]
fn app() {}

fn main() {
    app();
}
