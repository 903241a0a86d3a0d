#[machinist::app(machine_type = ["GPU-H200", "GPU-A100"], requires(vram = "60 GB"))]
fn app() {}

fn main() {
    app();
}
