#[machinist::app(machine_type = "GPU-H100", name = "")]
fn app() {}

fn main() {
    app();
}
