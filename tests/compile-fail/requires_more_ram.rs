#[machinist::app(machine_type = "S", requires(ram = "8 GB"))]
fn app() {}

fn main() {
    app();
}
