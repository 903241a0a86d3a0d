#[machinist::app(machine_type = "XXL")]
fn app() {}

fn main() {
    app();
}
