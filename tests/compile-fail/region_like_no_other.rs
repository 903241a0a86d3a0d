#[machinist::app(machine_type = "GPU-H100", scaling(regions = ["mars"]))]
fn app() {}

fn main() {
    app();
}
