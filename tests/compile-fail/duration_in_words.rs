#[machinist::app(machine_type = "GPU-H100", startup_timeout = "15 minutes")]
fn app() {}

fn main() {
    app();
}
