#[machinist::app(machine_type = "GPU-H100", startup_timeout = "500ms")]
fn app() {}

fn main() {
    app();
}
