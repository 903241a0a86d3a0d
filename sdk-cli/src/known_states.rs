//! Other versions of a state: the one that this clone deployed last, and those of other branches. A
//! checkout of old code brings an old state back, and must not deploy by it.

use std::fs;
use std::path::{Path, PathBuf};

use machinist_deploy::{KnownState, State, shell_word, write_file};

use crate::git::{HEAD, Repository};
use crate::paths::relative_to_cwd;

/// A state's file in a repository.
pub(crate) struct KnownStates {
    repository: Repository,
    /// The state's file, relative to the repository.
    file: PathBuf,
}

impl KnownStates {
    /// Those of a state's file; `None` if it is in no repository.
    pub(crate) fn of(state_file: &Path) -> Option<Self> {
        let path = std::path::absolute(state_file).ok()?;
        let folder = fs::canonicalize(path.with_file_name("")).ok()?;
        let repository = Repository::around(&folder)?;
        let root = fs::canonicalize(&repository.root).ok()?;
        let file = folder.strip_prefix(root).ok()?.join(path.file_name()?);
        Some(Self { repository, file })
    }

    /// What they are, with the command that brings each back into this file.
    pub(crate) fn find(&self, state_file: &Path) -> Vec<KnownState> {
        let word = |path: &Path| shell_word(&path.display().to_string());
        let file = word(state_file);
        let kept = relative_to_cwd(&self.kept_copy());
        let deployed = fs::read_to_string(&kept).ok().map(|text| KnownState {
            state: State::parse(&text).ok(),
            owner: "this clone's last deploy".into(),
            restore: format!("cp {} {file}", word(&kept)),
        });
        let branches = self.repository.versions(&self.file).into_iter();
        let branches = branches.map(|(branch, text)| KnownState {
            state: State::parse(&text).ok(),
            owner: match &*branch {
                HEAD => "the commit that is checked out".into(),
                branch => format!("the branch `{branch}`"),
            },
            restore: format!("git checkout {} -- {file}", shell_word(&branch)),
        });
        branches.chain(deployed).collect()
    }

    /// Keeps a copy of the state that this clone deployed.
    pub(crate) fn keep(&self, state: &State) {
        let copy = self.kept_copy();
        let folder = copy.parent().map_or(Ok(()), fs::create_dir_all);
        // Without a copy an older state is not found, and nothing else fails.
        let _ = folder.and_then(|()| write_file(&copy, &state.to_json()));
    }

    fn kept_copy(&self) -> PathBuf {
        self.repository
            .git_folder
            .join("machinist")
            .join(&self.file)
    }
}
