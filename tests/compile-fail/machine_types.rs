#[machinist::app(machine_types = ["GPU-H100", "GPU-H200"])]
fn app() {}

fn main() {
    app();
}
