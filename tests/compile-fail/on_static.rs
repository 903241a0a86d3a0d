#[machinist::app(machine_type = "S")]
pub static APP: u32 = 1;

fn main() {}
