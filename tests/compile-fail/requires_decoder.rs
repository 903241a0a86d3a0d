#[machinist::app(machine_type = "XL", requires(decoders = 1))]
fn app() {}

fn main() {
    app();
}
