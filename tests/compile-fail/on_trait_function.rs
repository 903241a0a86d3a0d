trait App {
    #[machinist::app(machine_type = "S")]
    fn serve();
}

struct Server;

impl App for Server {
    fn serve() {}
}

fn main() {
    Server::serve();
}
