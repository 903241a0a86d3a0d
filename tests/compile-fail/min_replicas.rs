#[machinist::app(machine_type = "GPU-H100", scaling(min_replicas = 1))]
fn app() {}

fn main() {
    app();
}
