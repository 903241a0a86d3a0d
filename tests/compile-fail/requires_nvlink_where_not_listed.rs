#[machinist::app(machine_type = "GPU-A100", gpus = 4, requires(nvlink = "600 GB/s"))]
fn app() {}

fn main() {
    app();
}
