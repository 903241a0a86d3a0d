//! git, as it is run in a folder.

use std::path::Path;
use std::process::Command;

/// What git tells its hooks and aliases about a repository, as `git rev-parse --local-env-vars`
/// names it, without settings.
const REPOSITORY: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// A command that runs git in the repository around this folder. In a hook, variables name another
/// one, or its folder relative to elsewhere.
pub fn git_command(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder);
    for variable in REPOSITORY {
        git.env_remove(variable);
    }
    git
}
