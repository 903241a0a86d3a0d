#[machinist::app(machine_type = "")]
fn app() {}

fn main() {
    app();
}
