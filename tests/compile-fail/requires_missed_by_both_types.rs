#[machinist::app(machine_type = ["GPU-RTX4090", "GPU-A100"], requires(vram = "60 GB"))]
fn app() {}

fn main() {
    app();
}
