#[machinist::app(machine_type = "GPU-H100", scaling(max_multiplexing = 4))]
fn app() {}

fn main() {
    app();
}
