#[machinist::app(machine_type = "GPU-H100", requires(precision = 8))]
fn app() {}

fn main() {
    app();
}
