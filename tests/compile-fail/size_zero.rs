#[machinist::app(machine_type = "GPU-H100", requires(vram = "0 GB"))]
fn app() {}

fn main() {
    app();
}
