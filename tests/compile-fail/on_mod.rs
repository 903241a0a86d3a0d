#[machinist::app(machine_type = "S")]
mod app {}

fn main() {}
