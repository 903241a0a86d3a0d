#[machinist::app(machine_type = "GPU-H100", port = 0)]
fn app() {}

fn main() {
    app();
}
