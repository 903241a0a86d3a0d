#[machinist::app(machine_type = "GPU-H100", port = "8080")]
fn app() {}

fn main() {
    app();
}
