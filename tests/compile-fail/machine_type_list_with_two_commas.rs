#[machinist::app(machine_type = ["GPU-H100",, "GPU-H200"])]
fn app() {}

fn main() {
    app();
}
