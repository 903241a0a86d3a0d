#[machinist::app(machine_type = "GPU-H100", requires(vram = "100 GB"))]
fn app() {}

fn main() {
    app();
}
