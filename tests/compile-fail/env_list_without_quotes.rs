#[machinist::app(machine_type = "S", requires(env = ["MODE", HF_TOKEN]))]
fn app() {}

fn main() {
    app();
}
