#[machinist::app(machine_type = ["S", "M", "GPU-H100", "GPU-H200"])]
fn app() {}

fn main() {
    app();
}
