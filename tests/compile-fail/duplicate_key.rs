#[machinist::app(machine_type = "GPU-H100", gpus = 1, port = 8080, gpus = 2)]
fn app() {}

fn main() {
    app();
}
