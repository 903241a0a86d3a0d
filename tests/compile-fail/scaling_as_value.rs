#[machinist::app(machine_type = "GPU-H100", scaling = 5)]
fn app() {}

fn main() {
    app();
}
