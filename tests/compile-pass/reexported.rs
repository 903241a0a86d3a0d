//! A framework that re-exports the SDK.
#![deny(warnings)]

mod framework {
    pub mod sdk {
        pub use machinist::*;
    }
}

#[framework::sdk::app(machine_type = "S", crate = crate::framework::sdk)]
struct Server;

#[framework::sdk::app(machine_type = "S", crate = framework::sdk)]
fn serve() {}

fn main() {
    use framework::sdk::App;
    serve();
    let _ = Server;
    assert_eq!(Server::SPEC.name, "server");
}
