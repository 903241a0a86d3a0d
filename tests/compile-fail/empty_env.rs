#[machinist::app(machine_type = "S", requires(env = []))]
fn app() {}

fn main() {
    app();
}
