#[machinist::app(machine_type = "gpu-h100")]
fn app() {}

fn main() {
    app();
}
