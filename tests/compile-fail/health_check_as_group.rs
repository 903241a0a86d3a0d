#[machinist::app(machine_type = "GPU-H100", health_check(path = "/health"))]
fn app() {}

fn main() {
    app();
}
