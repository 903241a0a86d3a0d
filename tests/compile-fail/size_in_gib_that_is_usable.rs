#[machinist::app(machine_type = "GPU-H100", requires(vram = "79 GiB"))]
fn app() {}

fn main() {
    app();
}
