//! Flags about what is deployed, where, and what a deploy may change.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use machinist_deploy::{StateSetting, TARGETS};

use super::selection::CARGO_TOML_AND_LOCK;

/// The heading of these flags in the help.
pub(crate) const DEPLOYMENT: &str = "Deployment";

/// Whether a change is carried out, and whether the user is asked first.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Consent {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Show the files and commands, and do nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

/// What a plan may change.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlanOptions {
    /// Discard the tuned values of this app, or of all apps
    #[arg(long, value_name = "APP", num_args = 0..=1, default_missing_value = "", help_heading = DEPLOYMENT)]
    pub(crate) reset_scaling: Vec<String>,
    /// Delete apps that are gone from the code
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) prune: bool,
    /// Take over this app, which somebody else deployed, or all such apps
    #[arg(long, value_name = "APP", num_args = 0..=1, default_missing_value = "", help_heading = DEPLOYMENT)]
    pub(crate) adopt: Vec<String>,
    /// Fail if the platform does not support something that the code sets
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) strict: bool,
    /// Only this app; may be given several times. `deploy` also takes a file that `plan -o` kept
    #[arg(value_name = "APP")]
    pub(crate) apps: Vec<String>,
    #[command(flatten)]
    pub(crate) file: StateFile,
    #[command(flatten)]
    pub(crate) refresh: Refresh,
}

/// Where the state is.
#[derive(Clone, Debug, Args)]
pub(crate) struct StateFile {
    /// The state's file, or `git` for a ref of the project's git remote [default: machinist-state.json in the workspace]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = DEPLOYMENT)]
    pub(crate) state: Option<PathBuf>,
}

impl StateFile {
    /// What the flag says, if it is given.
    pub(crate) fn setting(&self) -> Option<StateSetting> {
        let state = self.state.as_ref()?;
        Some(match state.to_str() {
            Some(text) => StateSetting::parse(text),
            None => StateSetting::File(state.clone()),
        })
    }
}

/// Whether the platform is asked what is deployed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Refresh {
    /// Read what is deployed from this file, written by the platform's tool, instead of asking it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_refresh", help_heading = DEPLOYMENT)]
    pub(crate) live: Option<PathBuf>,
    /// Do not ask the platform what is deployed; trust the state
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) no_refresh: bool,
}

/// What is deployed, for subcommands that build nothing.
#[derive(Debug, Args)]
pub(crate) struct Deployment {
    #[command(flatten)]
    pub(crate) state: DeployedState,
    #[command(flatten)]
    pub(crate) refresh: Refresh,
}

/// Where apps are deployed and recorded.
#[derive(Debug, Args)]
pub(crate) struct DeployedState {
    /// The target [default: the one in the settings, or file]
    #[arg(long, value_name = "TARGET", value_parser = PossibleValuesParser::new(TARGETS), help_heading = DEPLOYMENT)]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) file: StateFile,
    /// The Cargo.toml with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CARGO_TOML_AND_LOCK)]
    pub(crate) manifest_path: Option<PathBuf>,
}

/// Which state, for subcommands that deploy nothing.
#[derive(Debug, Args)]
pub(crate) struct StateSource {
    #[command(flatten)]
    pub(crate) file: StateFile,
    /// The Cargo.toml with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CARGO_TOML_AND_LOCK)]
    pub(crate) manifest_path: Option<PathBuf>,
}
