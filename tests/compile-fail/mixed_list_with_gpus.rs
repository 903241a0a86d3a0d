#[machinist::app(machine_type = ["GPU-H100", "S"], gpus = 2)]
fn app() {}

fn main() {
    app();
}
