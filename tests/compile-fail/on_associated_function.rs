struct App;

impl App {
    #[machinist::app(machine_type = "S")]
    fn new() -> Self {
        App
    }
}

fn main() {
    App::new();
}
