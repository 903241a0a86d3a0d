#[machinist::app(machine_type = "GPU-RTX4090", requires(encoders = 3))]
fn app() {}

fn main() {
    app();
}
