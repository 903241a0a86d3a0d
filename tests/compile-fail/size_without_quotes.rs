#[machinist::app(machine_type = "GPU-H100", requires(vram = 64GB))]
fn app() {}

fn main() {
    app();
}
