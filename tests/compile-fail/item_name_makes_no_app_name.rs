#[machinist::app(machine_type = "S")]
fn größe() {}

fn main() {
    größe();
}
