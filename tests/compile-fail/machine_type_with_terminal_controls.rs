#[machinist::app(machine_type = "GPU-\u{1b}[31mH100\u{202e}")]
fn app() {}

fn main() {
    app();
}
