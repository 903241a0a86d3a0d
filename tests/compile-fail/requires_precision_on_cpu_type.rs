#[machinist::app(machine_type = "S", requires(precision = "bf16"))]
fn app() {}

fn main() {
    app();
}
