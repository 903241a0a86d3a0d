#[machinist::app(machine_type = "GPU-H100", scaling(regions = ["us-west",, "eu-west"]))]
fn app() {}

fn main() {
    app();
}
