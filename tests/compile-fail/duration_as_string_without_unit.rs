#[machinist::app(machine_type = "GPU-H100", startup_timeout = "900")]
fn app() {}

fn main() {
    app();
}
