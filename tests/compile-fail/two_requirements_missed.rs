#[machinist::app(machine_type = "GPU-A100", requires(vram = "60 GB", bandwidth = "3 TB/s", encoders = 1))]
fn app() {}

fn main() {
    app();
}
