#[machinist::app(machine_type = "S")]
pub type App = u32;

fn main() {}
