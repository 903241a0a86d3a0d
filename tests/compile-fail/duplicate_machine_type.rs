#[machinist::app(machine_type = ["GPU-H100", "GPU-H200", "GPU-H100"])]
fn app() {}

fn main() {
    app();
}
