//! Where the apps are read.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::selection::Selection;

/// What apps there are: those of a build, or of binaries built elsewhere.
#[derive(Debug, Args)]
pub(crate) struct AppSource {
    /// Read these binaries instead of building; of any platform
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
