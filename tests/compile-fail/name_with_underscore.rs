#[machinist::app(machine_type = "GPU-H100", name = "llm_server")]
fn app() {}

fn main() {
    app();
}
