#[machinist::app(machine_type = "S", requires(env(HF_TOKEN = "x")))]
fn app() {}

fn main() {
    app();
}
