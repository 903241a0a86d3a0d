#[machinist::app(machine_type = "GPU-H100", requires(vram_usable = "84 GB"))]
fn app() {}

fn main() {
    app();
}
