//! The files that machinist itself keeps in a project. They change with every deploy, and belong in
//! no image.

mod content;

use std::path::{Path, PathBuf};

use crate::targets::file::effective_file;

/// The beginning of files that no state is named after.
const HIDDEN: &str = ".machinist-";

/// The default names of states, with the names of environments before the end.
const STATES: [&str; 2] = ["machinist-state", "machinist-effective"];

/// The files beside a state.
#[derive(Default)]
pub(super) struct OwnFiles {
    /// `None` if it does not exist.
    folder: Option<PathBuf>,
    state: String,
    effective: String,
}

impl OwnFiles {
    pub(super) fn beside(state_file: &Path) -> Self {
        let name = state_file.file_name().unwrap_or_default();
        Self {
            folder: folder_of(state_file).canonicalize().ok(),
            state: name.to_string_lossy().into_owned(),
            effective: effective_file(state_file),
        }
    }

    /// Whether a file is one of them, or of another state; its folder is without symbolic links.
    pub(super) fn include(&self, folder: &Path, name: &str) -> bool {
        if name.starts_with(HIDDEN) {
            return true;
        }
        self.is_beside(folder, name) || content::is_of_a_state(folder, name)
    }

    fn is_beside(&self, folder: &Path, name: &str) -> bool {
        if self.folder.as_deref() != Some(folder) || self.state.is_empty() {
            return false;
        }
        // The lock, the journal, and what a killed process left.
        let beside = name.strip_prefix('.');
        let beside = beside.and_then(|name| name.strip_prefix(&self.state));
        let is_default =
            name.ends_with(".json") && STATES.iter().any(|state| name.starts_with(state));
        name == self.state
            || name == self.effective
            || is_default
            || beside.is_some_and(|rest| rest.starts_with('.'))
    }
}

/// The folder of a file, as a path that can be opened.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_and_what_is_written_beside_it_are_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let canonical = folder.path().canonicalize().unwrap();
        let own = |state: &str, name: &str| {
            OwnFiles::beside(&folder.path().join(state)).include(&canonical, name)
        };
        for (state, name, expected) in [
            ("machinist-state.json", "machinist-state.json", true),
            ("machinist-state.json", "machinist-effective.json", true),
            ("machinist-state.json", "machinist-state.prod.json", true),
            ("machinist-state.json", ".machinist-state.json.lock", true),
            ("machinist-state.json", "x-machinist-state.json", false),
            ("machinist-state.json", "state.json", false),
            ("prod.json", "prod.json", true),
            ("prod.json", "prod.effective.json", true),
            ("prod.json", ".prod.json.lock", true),
            ("prod.json", ".prod.json.journal", true),
            ("prod.json", ".prod.json.42.tmp", true),
            ("prod.json", ".prod.jsonl", false),
            ("prod.json", "staging.json", false),
        ] {
            assert_eq!(own(state, name), expected, "{state} {name}");
        }
        let own = OwnFiles::beside(&folder.path().join("deploy").join("state.json"));
        assert!(!own.include(&canonical, "state.json"));
        assert!(own.include(&canonical, ".machinist-state.json.lock"));
        assert!(!OwnFiles::default().include(&canonical, ".."));
    }
}
