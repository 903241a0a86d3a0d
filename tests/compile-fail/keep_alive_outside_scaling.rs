#[machinist::app(machine_type = "GPU-H100", keep_alive = "5m")]
fn app() {}

fn main() {
    app();
}
