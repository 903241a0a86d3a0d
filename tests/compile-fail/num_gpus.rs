#[machinist::app(machine_type = "GPU-H100", num_gpus = 2)]
fn app() {}

fn main() {
    app();
}
