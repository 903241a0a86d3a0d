#[machinist::app(machine_type = "S", requires(env = ["9TH_TOKEN"]))]
fn app() {}

fn main() {
    app();
}
