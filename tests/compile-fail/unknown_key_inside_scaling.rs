#[machinist::app(machine_type = "GPU-H100", scaling(warmth = 5))]
fn app() {}

fn main() {
    app();
}
