#[machinist::app(machine_type = "GPU-H100", name = "LlmServer")]
fn app() {}

fn main() {
    app();
}
