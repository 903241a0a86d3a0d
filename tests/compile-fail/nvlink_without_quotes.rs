#[machinist::app(machine_type = "GPU-H100", requires(nvlink = 900))]
fn app() {}

fn main() {
    app();
}
