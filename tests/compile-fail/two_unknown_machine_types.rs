#[machinist::app(machine_type = ["GPU-H10O", "GPU-H2O0"])]
fn app() {}

fn main() {
    app();
}
