#[machinist::app(machine_type = "GPU-H100", colour = "red")]
fn app() {}

fn main() {
    app();
}
