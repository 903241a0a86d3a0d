#[machinist::app(machine_type = "GPU-H100", gpus = 0)]
fn app() {}

fn main() {
    app();
}
