#[machinist::app(machine_type = "GPU-H100", gpus = -1)]
fn app() {}

fn main() {
    app();
}
