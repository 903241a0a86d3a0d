//! Functions of every kind, each as it was before.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::fmt::Debug;

#[machinist::app(machine_type = "S")]
fn plain(x: u32) -> u32 {
    x + 1
}

#[machinist::app(machine_type = "S")]
pub(crate) async fn asynchronous<'a, T: Debug + Fn() -> u8 + 'a, const N: usize>(_: [T; N])
where
    T: Clone,
    for<'b> &'b T: Debug,
{
}

#[machinist::app(machine_type = "S")]
pub extern "C" fn with_abi() {}

#[machinist::app(machine_type = "S")]
const fn constant() -> u32 {
    7
}

#[machinist::app(machine_type = "S")]
#[must_use]
#[inline(never)]
fn with_attributes() -> bool {
    true
}

#[machinist::app(machine_type = "S")]
fn r#type() {}

mod inner {
    #[machinist::app(machine_type = "S")]
    pub(in crate::inner) fn in_a_module() {}

    pub fn call() {
        in_a_module();
    }
}

fn with_one_inside() {
    #[machinist::app(machine_type = "S")]
    fn inside_a_body() {}
    inside_a_body();
}

#[machinist::app(machine_type = "GPU-H100", gpus = 2, name = "the-program")]
fn main() {
    const SEVEN: u32 = constant();
    assert_eq!((plain(1), SEVEN, with_attributes()), (2, 7, true));
    drop(asynchronous::<fn() -> u8, 0>([]));
    with_abi();
    r#type();
    inner::call();
    with_one_inside();
    let names: Vec<&str> = machinist::apps().iter().map(|app| app.name).collect();
    assert_eq!(
        names,
        [
            "asynchronous",
            "constant",
            "in-a-module",
            "inside-a-body",
            "plain",
            "the-program",
            "type",
            "with-abi",
            "with-attributes",
        ]
    );
}
