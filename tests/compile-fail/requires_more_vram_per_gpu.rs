#[machinist::app(machine_type = "GPU-A100", gpus = 4, requires(vram_per_gpu = "80 GB"))]
fn app() {}

fn main() {
    app();
}
