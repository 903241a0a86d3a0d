#[machinist::app(machine_type = "GPU-H10O")]
struct App {
    field: u32,
}

impl App {
    fn get(&self) -> u32 {
        self.field
    }
}

fn main() {
    App { field: 1 }.get();
}
