#[machinist::app(machine_type = "GPU-H100", name = "an-app-with-a-name-that-is-far-longer-than-any-label-of-dns-can-ever-be")]
fn app() {}

fn main() {
    app();
}
