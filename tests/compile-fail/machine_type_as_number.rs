#[machinist::app(machine_type = 100)]
fn app() {}

fn main() {
    app();
}
