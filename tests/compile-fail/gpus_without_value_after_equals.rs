#[machinist::app(machine_type = "GPU-H100", gpus =)]
fn app() {}

fn main() {
    app();
}
