#[machinist::app(machine_type = "S")]
pub union App {
    bits: u32,
}

fn main() {}
