#[machinist::app(machine_type = "GPU-H100", gpus = 9)]
fn app() {}

fn main() {
    app();
}
