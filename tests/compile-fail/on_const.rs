#[machinist::app(machine_type = "S")]
pub const APP: u32 = 1;

fn main() {}
