#[machinist::app(machine_type = "GPU-H100", requires(vram = "64gb"))]
fn app() {}

fn main() {
    app();
}
