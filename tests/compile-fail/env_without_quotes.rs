#[machinist::app(machine_type = "S", requires(env = HF_TOKEN))]
fn app() {}

fn main() {
    app();
}
