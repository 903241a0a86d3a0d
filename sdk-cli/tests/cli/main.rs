//! Runs the command as a user does, on small projects in temporary folders.
#![allow(clippy::unwrap_used, clippy::panic)]

mod lost;
mod machines;
mod manifest;
mod scripts;
mod support;
mod terminal;
