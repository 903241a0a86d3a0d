#[machinist::app(machine_type = ["GPU-H100", 200])]
fn app() {}

fn main() {
    app();
}
