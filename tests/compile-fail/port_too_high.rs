#[machinist::app(machine_type = "GPU-H100", port = 70000)]
fn app() {}

fn main() {
    app();
}
