//! Asks git about the repository around a folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use machinist_deploy::git_command;

/// git's name of the commit that is checked out.
pub(crate) const HEAD: &str = "HEAD";

/// How many branches are looked at, those with the newest commits first.
const BRANCH_LIMIT: usize = 100;

/// A repository of git.
pub(crate) struct Repository {
    /// The folder with the files that are checked out.
    pub(crate) root: PathBuf,
    /// The folder of git's own files, which all worktrees share.
    pub(crate) git_folder: PathBuf,
}

impl Repository {
    /// The repository around a folder, if there is one and git is installed.
    pub(crate) fn around(folder: &Path) -> Option<Self> {
        let folders = git(
            folder,
            &["rev-parse", "--show-toplevel", "--git-common-dir"],
        )?;
        let (root, git_folder) = folders.trim_end().split_once('\n')?;
        Some(Self {
            root: root.trim_end().into(),
            // Relative to where git ran.
            git_folder: folder.join(git_folder),
        })
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> Option<String> {
        Some(self.git(&["rev-parse", HEAD])?.trim_end().to_owned())
    }

    /// The first line of the message of the commit that is checked out.
    pub(crate) fn subject(&self) -> Option<String> {
        let subject = self.git(&["log", "-1", "--format=%s", HEAD])?;
        Some(subject.trim().to_owned()).filter(|subject| !subject.is_empty())
    }

    /// The files that differ from the commit, and those that git does not track.
    pub(crate) fn changed_files(&self) -> Option<Vec<PathBuf>> {
        // One entry for each file: a new folder would hide what is in it.
        let changes = self.git(&[
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=all",
        ])?;
        let paths = changes.split('\0').filter_map(|entry| entry.get(3..));
        Some(paths.map(|path| self.root.join(path)).collect())
    }

    /// The commit that is checked out, `HEAD`, and the branches that it does not contain, each with its
    /// text of a file, whose path is relative to the root. A text that several have comes once.
    pub(crate) fn versions(&self, file: &Path) -> Vec<(String, String)> {
        let limit = format!("--count={BRANCH_LIMIT}");
        let list = self.git(&[
            "for-each-ref",
            "--sort=-committerdate",
            &limit,
            // Without `origin/HEAD`, which is another name of a branch.
            "--format=%(if)%(symref)%(then)%(else)%(refname:short)%(end)",
            "--no-merged=HEAD",
            "refs/heads",
            "refs/remotes",
        ]);
        let list = list.unwrap_or_default();
        // git names files with `/` everywhere.
        let file = file.to_string_lossy().replace('\\', "/");
        let mut versions: Vec<(String, String)> = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        let branches = list.lines().filter(|branch| !branch.is_empty());
        for branch in std::iter::once(HEAD).chain(branches) {
            let name = format!("{branch}:{file}");
            let Some(blob) = self.git(&["rev-parse", "--verify", "--quiet", &name]) else {
                continue;
            };
            if seen.contains(&blob) {
                continue;
            }
            let text = self.git(&["cat-file", "blob", blob.trim_end()]);
            versions.extend(text.map(|text| (branch.to_owned(), text)));
            seen.push(blob);
        }
        versions
    }

    fn git(&self, args: &[&str]) -> Option<String> {
        git(&self.root, args)
    }
}

/// The output of git, if it succeeds.
fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let mut git = git_command(folder);
    // A signature of the commit is no part of its message.
    git.args(["-c", "log.showSignature=false"]).args(args);
    git.stdin(Stdio::null()).stderr(Stdio::null());
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
