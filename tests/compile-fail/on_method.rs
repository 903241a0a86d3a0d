struct App;

impl App {
    #[machinist::app(machine_type = "S")]
    fn serve(&self) {}
}

fn main() {
    App.serve();
}
