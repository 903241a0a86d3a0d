//! Runs the command as a user does, on small projects in temporary folders.
#![allow(clippy::unwrap_used, clippy::panic)]

mod broken_tool;
mod cost;
mod disk;
mod dstack_fake_tool;
mod fal_fake_tool;
mod knative_rendering;
mod lost_apps;
mod machines;
mod manifest;
mod redeploy;
mod scripts;
mod settings;
mod skypilot_fake_tool;
mod support;
mod terminal;
mod terminal_injection;
