//! Runs the command as a user does, on small projects in temporary folders.
#![allow(clippy::unwrap_used, clippy::panic)]

mod disk;
mod fal;
mod hostile;
mod knative;
mod lost;
mod machines;
mod manifest;
mod redeploy;
mod scripts;
mod settings;
mod skypilot;
mod support;
mod terminal;
mod tool;
