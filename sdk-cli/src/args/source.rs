//! Which binaries the apps are read from.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::selection::Selection;

/// Which binaries the apps are read from: those that cargo builds, or the given files.
#[derive(Clone, Debug, Args)]
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

impl AppSource {
    /// The source, and for how many apps a platform's tool may run at once. Where nothing is built,
    /// `--jobs` says only that.
    pub(crate) fn and_jobs(&self) -> (Self, NonZeroUsize) {
        let mut source = self.clone();
        if !source.binary.is_empty() {
            source.selection.remove_jobs();
        }
        (source, self.selection.jobs())
    }
}
