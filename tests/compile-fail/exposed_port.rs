#[machinist::app(machine_type = "GPU-H100", exposed_port = 8080)]
fn app() {}

fn main() {
    app();
}
