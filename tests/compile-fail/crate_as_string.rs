#[machinist::app(machine_type = "GPU-H100", crate = "machinist")]
fn app() {}

fn main() {
    app();
}
