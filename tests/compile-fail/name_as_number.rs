#[machinist::app(machine_type = "GPU-H100", name = 7)]
fn app() {}

fn main() {
    app();
}
