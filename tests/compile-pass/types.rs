//! Types of every kind, each with its `SPEC`.
#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(dead_code)]

use machinist::App;

#[machinist::app(machine_type = "S")]
struct Unit;

#[machinist::app(machine_type = "M")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Tuple(u32, pub String);

#[derive(Debug, Clone)]
#[machinist::app(machine_type = "L", port = 80)]
struct Named<'a, T: Clone + 'a = u8, const N: usize = 3>
where
    T: std::fmt::Debug,
    [u8; N]: Sized,
{
    field: &'a [T; N],
}

#[machinist::app(machine_type = "GPU-H100", gpus = 8)]
struct Bounds<F: Fn(u8) -> Vec<Vec<u8>>, G>(F, G)
where
    G: for<'a> Fn(&'a str) -> Option<&'a str>;

#[machinist::app(machine_type = ["GPU-H200", "GPU-L40"])]
enum Variants<T> {
    One(T),
    Two { x: u32 },
}

#[machinist::app(machine_type = "S")]
enum Empty {}

#[machinist::app(machine_type = "S")]
#[deprecated]
struct Old;

fn spec_of<A: App>(_: &A) -> u32 {
    A::SPEC.ram_mb()
}

fn main() {
    assert_eq!((Unit::SPEC.name, Tuple::SPEC.name), ("unit", "tuple"));
    assert_eq!(<Named<'static>>::SPEC.code.port, Some(80));
    const VRAM: u32 = <Bounds<fn(u8) -> Vec<Vec<u8>>, fn(&str) -> Option<&str>>>::SPEC.vram_mb();
    assert_eq!(VRAM, 640_000);
    assert_eq!(Variants::<u8>::SPEC.vram_mb(), 48_000);
    assert_eq!(Empty::SPEC.millicores(), 1_000);
    assert_eq!(spec_of(&Unit), 1_000);
    assert_eq!(machinist::apps().len(), 7);
}
