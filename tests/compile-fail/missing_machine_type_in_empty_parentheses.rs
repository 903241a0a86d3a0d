#[machinist::app()]
fn app() {}

fn main() {
    app();
}
