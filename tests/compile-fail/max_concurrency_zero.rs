#[machinist::app(machine_type = "GPU-H100", scaling(max_concurrency = 0))]
fn app() {}

fn main() {
    app();
}
