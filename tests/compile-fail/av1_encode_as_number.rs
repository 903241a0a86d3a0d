#[machinist::app(machine_type = "GPU-H100", requires(av1_encode = 1))]
fn app() {}

fn main() {
    app();
}
