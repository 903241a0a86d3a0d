#[machinist::app(machine_type = "S")]
pub use std::fmt::Debug;

fn main() {}
