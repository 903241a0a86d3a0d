#[machinist::app(machine_type = "GPU-A100", gpus = 2, requires(vram = "120 GB"))]
fn app() {}

fn main() {
    app();
}
