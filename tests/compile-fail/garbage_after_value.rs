#[machinist::app(machine_type = "GPU-H100" / 2)]
fn app() {}

fn main() {
    app();
}
