//! placeholder
#![no_std]

extern crate alloc;

mod register;
mod registry;

#[doc(hidden)]
pub use register::__private;

pub use machinist_core::catalogue;
pub use machinist_core::parameter::{CodeParameters, ScalingParameters};
pub use machinist_core::{MachineKind, MachineType, Spec};
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
