#[machinist::app(machine_type = "GPU-L40", gpus = 2, requires(nvlink = "900 GB/s"))]
fn app() {}

fn main() {
    app();
}
