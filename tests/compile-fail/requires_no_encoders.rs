#[machinist::app(machine_type = "GPU-H100", requires(encoders = 0))]
fn app() {}

fn main() {
    app();
}
