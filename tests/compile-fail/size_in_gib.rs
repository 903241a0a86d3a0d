#[machinist::app(machine_type = "GPU-H100", requires(vram = "64 GiB"))]
fn app() {}

fn main() {
    app();
}
