#[machinist::app(machine_type = "xl")]
fn app() {}

fn main() {
    app();
}
