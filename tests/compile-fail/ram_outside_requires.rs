#[machinist::app(machine_type = "GPU-H100", ram = "64 GB")]
fn app() {}

fn main() {
    app();
}
