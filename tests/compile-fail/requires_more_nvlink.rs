#[machinist::app(machine_type = "GPU-H100", gpus = 2, requires(nvlink = "1.8 TB/s"))]
fn app() {}

fn main() {
    app();
}
