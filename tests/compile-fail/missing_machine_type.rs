#[machinist::app(gpus = 2)]
fn app() {}

fn main() {
    app();
}
