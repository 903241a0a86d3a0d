#[machinist::app(machine_type = "GPU-H100", scaling(min_concurrency = 5))]
fn app() {}

fn main() {
    app();
}
