//! A Cargo.toml that may have settings.

use std::path::PathBuf;

/// A Cargo.toml that may have settings.
#[derive(Clone, Debug)]
pub struct CargoToml {
    /// Where it is.
    pub path: PathBuf,
    /// Its package; `None` for a workspace's file.
    pub package: Option<String>,
}
