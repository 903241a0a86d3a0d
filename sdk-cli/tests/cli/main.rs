//! Runs the command as a user does, on small projects in temporary folders.
#![allow(clippy::unwrap_used, clippy::panic)]

mod adoption;
mod broken_tool;
mod cost;
mod deploy_result;
mod disk;
mod drift_only;
mod dstack_fake_tool;
mod environments;
mod fal_fake_tool;
mod git_state;
#[cfg(target_os = "linux")]
mod git_team;
#[cfg(target_os = "linux")]
mod histories;
mod jobs;
mod knative_rendering;
mod lost_apps;
mod machines;
mod manifest;
mod markdown_plan;
mod names_of_binaries;
mod old_state;
mod output_folder;
#[cfg(target_os = "linux")]
mod platform;
mod provenance;
mod prune;
mod redeploy;
mod refusals;
mod rename;
mod reviewed_plan;
#[cfg(target_os = "linux")]
mod rollback;
mod scripts;
mod secrets;
mod sent_artifact;
mod settings;
mod skypilot_fake_tool;
mod state_file;
mod support;
mod terminal;
mod terminal_injection;
