#[machinist::app(machine_type = "NVIDIA H100 80GB")]
fn app() {}

fn main() {
    app();
}
