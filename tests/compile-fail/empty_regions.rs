#[machinist::app(machine_type = "GPU-H100", scaling(regions = []))]
fn app() {}

fn main() {
    app();
}
