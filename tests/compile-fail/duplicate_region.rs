#[machinist::app(machine_type = "GPU-H100", scaling(regions = ["us-west", "us-west"]))]
fn app() {}

fn main() {
    app();
}
