#[machinist::app(machine_type = "H100")]
fn app() {}

fn main() {
    app();
}
