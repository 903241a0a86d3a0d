#[machinist::app(machine_type = "GPU-A100", requires(encoders = 1))]
fn app() {}

fn main() {
    app();
}
