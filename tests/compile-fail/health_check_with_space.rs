#[machinist::app(machine_type = "GPU-H100", health_check = "/health check")]
fn app() {}

fn main() {
    app();
}
