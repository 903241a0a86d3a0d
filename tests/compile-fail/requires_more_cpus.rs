#[machinist::app(machine_type = "GPU-L40", requires(cpus = 8))]
fn app() {}

fn main() {
    app();
}
