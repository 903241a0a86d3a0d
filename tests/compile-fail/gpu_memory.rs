#[machinist::app(machine_type = "GPU-H100", requires(gpu_memory = "24 GB"))]
fn app() {}

fn main() {
    app();
}
