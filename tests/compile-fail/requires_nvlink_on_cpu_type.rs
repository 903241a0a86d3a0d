#[machinist::app(machine_type = "XL", requires(nvlink = "900 GB/s"))]
fn app() {}

fn main() {
    app();
}
