#[machinist::app(machine_type = "GPU-H10O")]
fn app() {}

fn main() {
    app();
}
