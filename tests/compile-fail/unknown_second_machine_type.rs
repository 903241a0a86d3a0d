#[machinist::app(machine_type = ["GPU-H100", "GPU-H2O0"])]
fn app() {}

fn main() {
    app();
}
