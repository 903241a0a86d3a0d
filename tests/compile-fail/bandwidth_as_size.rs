#[machinist::app(machine_type = "GPU-H100", requires(bandwidth = "3 TB"))]
fn app() {}

fn main() {
    app();
}
