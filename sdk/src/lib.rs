//! The machine that an app runs on, written in its code: checked by the compiler, carried inside
//! the binary, put back on every redeploy.
//!
//! ```
//! use machinist::App;
//!
//! #[machinist::app(machine_type = "GPU-H100", gpus = 2)]
//! struct LlmServer;
//!
//! // Its own machine, in const code.
//! const VRAM_MB: u32 = LlmServer::SPEC.vram_mb();
//! assert_eq!(VRAM_MB, 160_000);
//!
//! // All apps that are linked into the program.
//! assert_eq!(machinist::apps()[0].name, "llm-server");
//! ```
//!
//! [`app`] is the attribute, with every key. `cargo machinist manifest` reads what the apps of a
//! build need out of its binaries, without running them.
//!
//! A crate that a program depends on but never names is not linked, nor are its apps: write
//! `use my_apps as _;` in the program.
#![no_std]

extern crate alloc;

mod register;
mod registry;

#[doc(hidden)]
pub use register::__private;

pub use machinist_core::built_in as catalogue;
pub use machinist_core::figure::Figures;
pub use machinist_core::parameter::{CodeParameters, ScalingParameters};
pub use machinist_core::{MachineKind, MachineType, Spec};
#[doc = include_str!("attribute.md")]
pub use machinist_macros::app;
pub use registry::{apps, find, manifest};

/// A type that stands for an app: `#[app]` on a `struct` or an `enum` implements it.
///
/// ```
/// use machinist::App;
///
/// #[machinist::app(machine_type = "GPU-H100", gpus = 2)]
/// struct LlmServer;
///
/// const BATCH: u32 = LlmServer::SPEC.vram_mb() / 10_000;
/// assert_eq!(BATCH, 16);
/// ```
pub trait App {
    /// What the code says of the app.
    const SPEC: Spec;
}
