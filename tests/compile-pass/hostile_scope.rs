//! Names of the scope that expansions could stumble over.
#![allow(dead_code, non_camel_case_types)]

mod core {}
mod std {}
mod alloc {}

struct Some;
struct None;
struct Option;
struct u8;
struct Spec;
struct App;
const SPEC: () = ();
static RECORD: () = ();

mod machinist {}

#[::machinist::app(machine_type = "GPU-H100", port = 8080, scaling(regions = ["us-west"]))]
struct Server<T>(T);

#[::machinist::app(machine_type = "GPU-H100", requires(vram = "80 GB"))]
fn serve() {}

fn main() {
    assert_eq!(<Server<bool> as ::machinist::App>::SPEC.code.port.map(|port| port + 1), {
        ::core::option::Option::Some(8081)
    });
}
