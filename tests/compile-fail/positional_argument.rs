#[machinist::app("GPU-H100")]
fn app() {}

fn main() {
    app();
}
