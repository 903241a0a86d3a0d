#[machinist::app(machine_type = "GPU-H100", startup_timeout = "200h")]
fn app() {}

fn main() {
    app();
}
