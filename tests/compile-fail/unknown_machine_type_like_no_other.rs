#[machinist::app(machine_type = "abacus")]
fn app() {}

fn main() {
    app();
}
