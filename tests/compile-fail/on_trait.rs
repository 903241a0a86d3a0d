#[machinist::app(machine_type = "S")]
trait App {}

fn main() {}
