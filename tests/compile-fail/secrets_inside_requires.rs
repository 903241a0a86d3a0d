#[machinist::app(machine_type = "S", requires(secrets = ["HF_TOKEN"]))]
fn app() {}

fn main() {
    app();
}
