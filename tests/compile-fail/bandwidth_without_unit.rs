#[machinist::app(machine_type = "GPU-H100", requires(bandwidth = 900))]
fn app() {}

fn main() {
    app();
}
