//! Where a deploy goes.

mod binary;
mod carries;
mod digest;
mod dstack;
mod each_app;
mod fal;
mod file;
mod interface;
mod knative;
mod list;
mod messages;
mod settings;
mod skypilot;
mod yaml;

pub use carries::{Carries, Rule};
pub use file::{EFFECTIVE_FILE, NAME as FILE};
pub use interface::{Contents, Project, RenderedFile, Rendering, Step, StepKind, Target};
pub use knative::settings::KnativeSettings;
pub use list::{TARGETS, target};
