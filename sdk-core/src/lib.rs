//! The facts and rules of machinist: machine types, parameters, when an app is valid, and the
//! record that carries one.
//!
//! The attribute and the deploy side both read them here, so they cannot disagree. No `std` and no
//! dependencies, because a part of this is linked into every app: the machine types, [`Spec`] and
//! the reading of records. The rules and their words are the feature `rules`, which `machinist`
//! does not ask for.
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

/// Declares the modules of the rules.
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
