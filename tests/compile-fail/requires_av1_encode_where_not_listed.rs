#[machinist::app(machine_type = "GPU-RTX4090", requires(av1_encode = true))]
fn app() {}

fn main() {
    app();
}
