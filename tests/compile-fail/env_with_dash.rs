#[machinist::app(machine_type = "S", requires(env = ["HF-TOKEN"]))]
fn app() {}

fn main() {
    app();
}
