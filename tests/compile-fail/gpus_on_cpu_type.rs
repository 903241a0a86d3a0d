#[machinist::app(machine_type = "S", gpus = 2)]
fn app() {}

fn main() {
    app();
}
