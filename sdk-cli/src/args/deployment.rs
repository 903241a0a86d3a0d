//! What is deployed, where, and what a deploy may change there.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use machinist_deploy::TARGETS;

use super::selection::MANIFEST;

/// The heading of these flags in the help.
pub(crate) const DEPLOYMENT: &str = "Deployment";

/// Whether a change is really to be carried out.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Show the files and commands, and do nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

/// What a deploy may change.
#[derive(Debug, Args)]
pub(crate) struct PlanOptions {
    /// Drop what was tuned, of this app or of all
    #[arg(long, value_name = "APP", num_args = 0..=1, default_missing_value = "", help_heading = DEPLOYMENT)]
    pub(crate) reset_scaling: Vec<String>,
    /// Delete apps that are gone from the code
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) prune: bool,
    /// Fail where the platform cannot express what the code says
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) state: StateSource,
}

/// What is known of what is deployed.
#[derive(Debug, Args)]
pub(crate) struct StateSource {
    /// The state's file [default: machinist-state.json in the workspace]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = DEPLOYMENT)]
    pub(crate) state: Option<PathBuf>,
    /// What the platform has, as its tool said it into this file, instead of asking it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_refresh", help_heading = DEPLOYMENT)]
    pub(crate) live: Option<PathBuf>,
    /// Do not ask the platform what it has; the state alone says so
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) no_refresh: bool,
}

/// Where apps are deployed, for commands that build nothing.
#[derive(Debug, Args)]
pub(crate) struct Deployment {
    /// The target [default: that of the settings, or file]
    #[arg(long, value_name = "TARGET", value_parser = PossibleValuesParser::new(TARGETS), help_heading = DEPLOYMENT)]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) state: StateSource,
    /// The Cargo.toml with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MANIFEST)]
    pub(crate) manifest_path: Option<PathBuf>,
}
