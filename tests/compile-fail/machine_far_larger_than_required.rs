#![deny(deprecated)]

#[machinist::app(machine_type = ["GPU-H100", "GPU-B200"], requires(vram = "60 GB"))]
fn app() {}

fn main() {
    app();
}
