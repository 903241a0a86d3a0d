#[machinist::app(machine_type = "GPU-H100", gpus = true)]
fn app() {}

fn main() {
    app();
}
