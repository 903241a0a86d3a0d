//! The facts and rules of machinist: machine types, parameters, the rules of a valid app, and the
//! format of records.
//!
//! The attribute and the deploy side use the same rules, so they cannot disagree. The crate has no
//! dependencies and needs no `std`, because a part of it is linked into every program: the machine
//! types, [`Spec`] and the reader of records. The rules and their messages need the feature
//! `rules`, which `machinist` does not enable.
#![no_std]

extern crate alloc;

pub mod built_in;
pub mod entry;
pub mod figure;
pub mod json;
pub mod keys;
mod machine;
pub mod number;
pub mod parameter;
pub mod record;
mod spec;
pub mod text;
pub mod unit;

pub use machine::{MachineKind, MachineType};
pub use spec::Spec;

#[cfg(feature = "rules")]
mod amount;
#[cfg(feature = "rules")]
pub mod app;
#[cfg(feature = "rules")]
pub mod attribute;
#[cfg(feature = "rules")]
pub mod catalogue;
#[cfg(feature = "rules")]
pub mod check;
#[cfg(feature = "rules")]
pub mod custom;
#[cfg(feature = "rules")]
pub mod fitting;
#[cfg(feature = "rules")]
mod level;
#[cfg(feature = "rules")]
mod machine_name;
#[cfg(feature = "rules")]
pub mod machine_types;
#[cfg(feature = "rules")]
pub mod machines_toml;
#[cfg(feature = "rules")]
pub mod name;
#[cfg(feature = "rules")]
pub mod platform;
#[cfg(feature = "rules")]
pub mod problem;
#[cfg(feature = "rules")]
mod quantity;
#[cfg(feature = "rules")]
pub mod requirement;
#[cfg(feature = "rules")]
pub mod setting;
#[cfg(feature = "rules")]
pub mod suggest;
#[cfg(feature = "rules")]
mod toml;
#[cfg(feature = "rules")]
pub mod variable;
