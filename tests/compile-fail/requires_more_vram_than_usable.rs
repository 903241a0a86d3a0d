#[machinist::app(machine_type = "GPU-H100", requires(vram = "85 GB"))]
fn app() {}

fn main() {
    app();
}
