//! Paths of the context as text.

use std::path::Path;

/// A path with `/` between its names, on any machine.
pub(super) fn with_slashes(path: &Path) -> String {
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}
