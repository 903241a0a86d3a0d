#[machinist::app(machine_type = "GPU-H100", requires(cpus = "4"))]
fn app() {}

fn main() {
    app();
}
