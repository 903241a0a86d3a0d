#[machinist::app(machine_type = "S", requires(vram = "40 GB"))]
fn app() {}

fn main() {
    app();
}
