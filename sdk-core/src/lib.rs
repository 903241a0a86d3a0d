//! The facts and rules of machinist: machine types, parameters, what a valid app is, and the
//! record that carries one.
//!
//! The attribute and the deploy side both read them here, so they cannot disagree. No `std` and
//! no dependencies, because this is linked into every app.
//!
//! | to find | look into |
//! |---|---|
//! | a machine's figures, what a name probably meant | [`catalogue`] |
//! | a parameter, its range and default | [`parameter`] |
//! | a project's own machine types | [`own`] |
//! | what other platforms call the machine types | [`platform`] |
//! | what `requires(...)` can ask for, and which machines have it | [`requirement`] |
//! | how sizes, bandwidths and durations are written | [`mod@unit`] |
//! | when an app is valid | [`mod@check`] |
//! | the words of an error | [`problem`] |
//! | what of a text is shown as it is | [`text`] |
//! | the bytes in the binary | [`record`], and what a program reads of its own: [`entry`] |
#![no_std]

extern crate alloc;

pub mod app;
pub mod attribute;
pub mod catalogue;
pub mod check;
pub mod entry;
pub mod json;
mod machine;
pub mod name;
pub mod own;
pub mod parameter;
pub mod platform;
pub mod problem;
pub mod record;
pub mod requirement;
mod spec;
pub mod suggest;
pub mod text;
mod toml;
pub mod unit;

pub use machine::{MachineKind, MachineType};
pub use spec::Spec;
