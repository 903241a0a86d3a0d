#[machinist::app(machine_type = "GPU-H100", startup_timeout = 15m)]
fn app() {}

fn main() {
    app();
}
