#[machinist::app(machine_type = "GPU-H100", startup_timeout = "1h30m")]
fn app() {}

fn main() {
    app();
}
