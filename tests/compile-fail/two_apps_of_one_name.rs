#[machinist::app(machine_type = "S", name = "router")]
fn first() {}

#[machinist::app(machine_type = "M", name = "router")]
fn second() {}

fn main() {
    first();
    second();
}
