#[machinist::app(machine_type = "GPU-H100", scaling(min_concurrency = 5, max_concurrency = 3))]
fn app() {}

fn main() {
    app();
}
