#[machinist::app(machine_type = "GPU-H100", requires(price_per_hour = 2))]
fn app() {}

fn main() {
    app();
}
