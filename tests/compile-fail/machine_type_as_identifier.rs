#[machinist::app(machine_type = GPU_H100)]
fn app() {}

fn main() {
    app();
}
