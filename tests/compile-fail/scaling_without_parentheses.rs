#[machinist::app(machine_type = "GPU-H100", scaling)]
fn app() {}

fn main() {
    app();
}
