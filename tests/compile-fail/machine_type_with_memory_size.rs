#[machinist::app(machine_type = "A100-80GB")]
fn app() {}

fn main() {
    app();
}
