#[machinist::app(machine_type = "S", requires(env = 1))]
fn app() {}

fn main() {
    app();
}
