//! Where a deploy goes.

mod binary;
mod carries;
mod cloud_settings;
mod digest;
mod dstack;
mod each_app;
mod fal;
mod file;
mod image;
mod interface;
mod knative;
mod list;
mod machine_demands;
mod messages;
mod region_names;
mod settings;
mod skypilot;
mod yaml;

pub use carries::{Carries, Rule};
pub use cloud_settings::CloudSettings;
pub use fal::settings::FalSettings;
pub use file::{NAME as FILE, effective_file};
pub use interface::{Project, Target};
pub use knative::settings::KnativeSettings;
pub use list::{TARGETS, target};
pub use region_names::RegionNames;
