#[machinist::app(machine_type = "GPU-H100", health_check = "http://localhost/health")]
fn app() {}

fn main() {
    app();
}
