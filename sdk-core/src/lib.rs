//! The facts and rules of machinist.
#![no_std]

extern crate alloc;

pub mod catalogue;
pub mod json;
mod machine;
pub mod record;
pub mod suggest;

pub use machine::{MachineKind, MachineType};
