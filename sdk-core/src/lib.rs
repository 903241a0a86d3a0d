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

/// Declares the modules that need the feature `rules`.
macro_rules! rules {
    ($($visibility:vis mod $module:ident;)*) => {
        $(#[cfg(feature = "rules")] $visibility mod $module;)*
    };
}

rules! {
    mod amount;
    pub mod app;
    pub mod attribute;
    pub mod catalogue;
    pub mod check;
    pub mod custom;
    pub mod fitting;
    mod level;
    mod machine_name;
    pub mod machine_types;
    pub mod machines_toml;
    pub mod name;
    pub mod platform;
    pub mod problem;
    mod quantity;
    pub mod requirement;
    pub mod setting;
    pub mod suggest;
    mod toml;
}
