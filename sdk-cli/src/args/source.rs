//! Which binaries the apps are read from.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::selection::Selection;

/// Which binaries the apps are read from: those that cargo builds, or the given files.
#[derive(Debug, Args)]
pub(crate) struct AppSource {
    /// Read these binaries instead of building; they may be of any platform
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        num_args = 1..
    )]
    pub(crate) binary: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
}
