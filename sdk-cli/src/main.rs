//! cargo machinist
fn main() {}
