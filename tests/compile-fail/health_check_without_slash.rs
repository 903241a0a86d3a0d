#[machinist::app(machine_type = "GPU-H100", health_check = "health")]
fn app() {}

fn main() {
    app();
}
