const MACHINE: &str = "GPU-H100";

#[machinist::app(machine_type = MACHINE)]
fn app() {}

fn main() {
    app();
    let _ = MACHINE;
}
