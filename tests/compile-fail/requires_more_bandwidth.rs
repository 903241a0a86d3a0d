#[machinist::app(machine_type = "GPU-L40", requires(bandwidth = "3 TB/s"))]
fn app() {}

fn main() {
    app();
}
