//! Paths as the user sees them.

use std::env;
use std::path::{Path, PathBuf};

/// A path below the current folder without that folder in front; any other path as it is.
pub(crate) fn relative_to_cwd(path: &Path) -> PathBuf {
    let cwd = env::current_dir().unwrap_or_default();
    path.strip_prefix(cwd).unwrap_or(path).to_owned()
}
