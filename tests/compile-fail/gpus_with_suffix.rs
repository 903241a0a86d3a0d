#[machinist::app(machine_type = "GPU-H100", gpus = 2u32)]
fn app() {}

fn main() {
    app();
}
