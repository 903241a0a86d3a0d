struct App;

#[machinist::app(machine_type = "S")]
impl App {}

fn main() {
    let _ = App;
}
