#[machinist::app(machine_type = "GPU-H100", gpus = 99999999999999999999999999999999999999999)]
fn app() {}

fn main() {
    app();
}
