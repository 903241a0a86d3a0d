#[machinist::app(machine_type = "S", requires(env = ["MODE", 1]))]
fn app() {}

fn main() {
    app();
}
