#[machinist::app(machine_type = "S", env = ["HF_TOKEN"])]
fn app() {}

fn main() {
    app();
}
