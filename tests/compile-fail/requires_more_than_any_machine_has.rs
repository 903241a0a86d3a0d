#[machinist::app(machine_type = "GPU-H100", requires(vram = "10 TB"))]
fn app() {}

fn main() {
    app();
}
