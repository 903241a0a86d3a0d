#[machinist::app(machine_type = "GPU-H100", scaling(regions = ["us-wst"]))]
fn app() {}

fn main() {
    app();
}
