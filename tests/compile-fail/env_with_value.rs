#[machinist::app(machine_type = "S", requires(env = ["MODE=fast"]))]
fn app() {}

fn main() {
    app();
}
