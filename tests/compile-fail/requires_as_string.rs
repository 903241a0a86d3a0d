#[machinist::app(machine_type = "GPU-H100", requires = "80 GB")]
fn app() {}

fn main() {
    app();
}
