//! The machine that an app runs on, written in its code: checked by the compiler, carried inside
//! the binary, and put back on every redeploy.
//!
//! ```
//! use machinist::App;
//!
//! #[machinist::app(machine_type = "GPU-H100", gpus = 2)]
//! struct LlmServer;
//!
//! // The figures of its machine, in const code.
//! const VRAM_MB: u32 = LlmServer::SPEC.vram_mb();
//! assert_eq!(VRAM_MB, 160_000);
//!
//! // All apps that are linked into the program.
//! assert_eq!(machinist::apps()[0].name, "llm-server");
//! ```
//!
//! The documentation of the attribute [`app`] has every key. `cargo machinist manifest` reads the
//! apps of a build from its binaries, without running them.
//!
//! A crate that a program depends on but never names is not linked, and neither are its apps: add
//! `use my_apps as _;` to the program.
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

/// A type that represents an app. `#[app]` on a `struct` or an `enum` implements this trait.
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
    /// The app, as its attribute declares it.
    const SPEC: Spec;
}
