#[machinist::app(machine_type = "S")]
#[machinist::app(machine_type = "M")]
fn app() {}

fn main() {
    app();
}
