//! The refs of a state: reading them from the remote, and pushing to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use machinist_core::problem::Problem;

use super::super::change_note::ChangeNote;
use super::command::{Git, RemoteError};
use super::holder::{Holder, host_name};
use super::message;
use crate::state_location::GitRef;

/// The file of a commit that has the state.
pub(super) const STATE_FILE: &str = "machinist-state.json";
/// The file of a commit that has what was recorded since.
pub(super) const JOURNAL_FILE: &str = "machinist-state.journal";

/// What git says where another push changes the same refs at this moment.
const BUSY: [&str; 3] = [
    "cannot lock ref",
    "failed to update ref",
    "Unable to create",
];
/// How often such a push is tried again, and after which time at first.
const RETRIES: u32 = 4;
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// A state's ref in the remote of a repository.
#[derive(Clone, Debug)]
pub struct StateRef {
    pub(super) git_ref: GitRef,
    pub(super) git: Git,
    /// The name of the remote.
    pub(super) remote: String,
    /// Where this clone keeps files of its own.
    private_folder: PathBuf,
}

/// The commits of the refs in the remote.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heads {
    pub(super) state: Option<String>,
    pub(super) lock: Option<String>,
}

/// A change of a ref in the remote, which is made only where it has the old commit.
pub(super) struct Update<'u> {
    pub(super) name: &'u str,
    pub(super) old: Option<&'u str>,
    pub(super) new: Option<&'u str>,
}

impl StateRef {
    /// Finds the repository and its remote.
    ///
    /// # Errors
    ///
    /// When there is no repository or no remote, or git is not installed.
    pub fn open(git_ref: &GitRef) -> Result<Self, Problem> {
        git_ref.check()?;
        let folder = match git_ref.folder.as_os_str().is_empty() {
            true => Path::new(".").to_owned(),
            false => git_ref.folder.clone(),
        };
        let git = Git {
            folder,
            limit: git_ref.limit,
        };
        let Some(common) = git.ask(&["rev-parse", "--git-common-dir"])? else {
            let why = git.run(&["rev-parse", "--git-common-dir"]).err();
            let why = why.map_or_else(String::new, |why| why.message);
            let folder = git.folder.display();
            // A repository of another user, or settings that git cannot read.
            if !why.contains("not a git repository") {
                let message = format!("git cannot use the repository around `{folder}`");
                let help =
                    "make `git status` work there, or keep the state in a file: `--state FILE`";
                return Err(Problem::new(message).help(help).note(why));
            }
            let message = format!(
                "no git repository is around `{folder}`, so it has no remote to keep the state in"
            );
            let help = "run `git init`, or keep the state in a file: `--state FILE`";
            return Err(Problem::new(message).help(help).note(why));
        };
        let remote = find_remote(&git, git_ref.remote.as_deref())?;
        // Relative to where git ran.
        let common = git.folder.join(common.trim_end());
        let private_folder = common
            .join("machinist")
            .join("git")
            .join(remote.replace(['/', '\\'], "-"));
        Ok(Self {
            git_ref: git_ref.clone(),
            git,
            remote,
            private_folder,
        })
    }

    /// The state's ref and its remote, as errors name them.
    pub(super) fn title(&self) -> String {
        format!("`{}` of `{}`", self.git_ref.state_ref(), self.remote)
    }

    /// A file of this clone, about this state.
    pub(super) fn private_file(&self, ending: &str) -> Result<PathBuf, Problem> {
        let folder = &self.private_folder;
        fs::create_dir_all(folder).map_err(|error| {
            Problem::new(format!("cannot write `{}`: {error}", folder.display()))
        })?;
        Ok(folder.join(format!("{}.{ending}", self.git_ref.name())))
    }

    /// Asks the remote for its commits.
    pub(super) fn heads(&self) -> Result<Heads, Problem> {
        let (state, lock) = (self.git_ref.state_ref(), self.git_ref.lock_ref());
        let args = ["ls-remote", "--quiet", "--", &self.remote, &state, &lock];
        let list = self.talk(&args).map_err(|error| error.problem)?;
        let find = |name: &str| {
            let mut lines = list.lines().filter_map(|line| line.split_once('\t'));
            let found = lines.find(|(_, listed)| *listed == name);
            found.map(|(commit, _)| commit.to_owned())
        };
        Ok(Heads {
            state: find(&state),
            lock: find(&lock),
        })
    }

    /// Gets a commit of a ref with its history. Branches, `FETCH_HEAD` and the settings of the
    /// repository stay as they are. With `--depth` the repository would become a shallow one.
    pub(super) fn fetch(&self, name: &str) -> Result<(), Problem> {
        let args = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--no-filter",
            "--refmap=",
            "--",
            &self.remote,
            name,
        ];
        self.talk(&args).map(drop).map_err(|error| error.problem)
    }

    /// The newest commit that this clone has seen.
    pub(super) fn seen(&self) -> Result<Option<String>, Problem> {
        let name = self.git_ref.seen_ref(&self.remote);
        let seen = self.git.ask(&["rev-parse", "--verify", "--quiet", &name])?;
        Ok(seen.map(|commit| commit.trim_end().to_owned()))
    }

    /// Keeps the newest commit that this clone has seen, which also keeps its objects.
    pub(super) fn see(&self, commit: &str) {
        let name = self.git_ref.seen_ref(&self.remote);
        // Without it a rewritten remote is not noticed, and nothing else fails.
        let _ = self.git.ask(&["update-ref", &name, commit]);
    }

    /// Whether a commit is in the history of another.
    pub(super) fn is_ancestor(&self, ancestor: &str, commit: &str) -> Result<bool, Problem> {
        let answer = self
            .git
            .ask(&["merge-base", "--is-ancestor", ancestor, commit])?;
        Ok(answer.is_some())
    }

    /// A file of a commit; `None` if it has no such file.
    pub(super) fn file(&self, commit: &str, path: &str) -> Result<Option<String>, Problem> {
        let listed =
            self.git
                .run(&["ls-tree", "--full-tree", "--name-only", commit, "--", path])?;
        if listed.trim_end() != path {
            return Ok(None);
        }
        let name = format!("{commit}:{path}");
        self.git.run(&["cat-file", "blob", &name]).map(Some)
    }

    /// Who holds the lock of this commit; `None` if it was released.
    fn holder_of(&self, commit: &str) -> Result<Option<Holder>, Problem> {
        let args = ["log", "-1", "--format=%B", commit, "--"];
        let text = match self.git.ask(&args)? {
            Some(text) => text,
            None => {
                self.fetch(&self.git_ref.lock_ref())?;
                self.git.run(&args)?
            }
        };
        Ok(Holder::read(commit, &text))
    }

    /// The lock's commit and who holds it, as they are at this moment.
    pub(super) fn lock_now(&self) -> Result<(Option<String>, Option<Holder>), Problem> {
        let mut lock = self.heads()?.lock;
        loop {
            let Some(commit) = lock else {
                return Ok((None, None));
            };
            match self.holder_of(&commit) {
                Ok(holder) => return Ok((Some(commit), holder)),
                Err(problem) => {
                    // The lock may have moved since it was looked at.
                    lock = self.heads()?.lock;
                    if lock.as_ref() == Some(&commit) {
                        return Err(problem);
                    }
                }
            }
        }
    }

    /// Who holds the lock, if anybody does.
    ///
    /// # Errors
    ///
    /// When the remote cannot be asked.
    pub fn holder(&self) -> Result<Option<Holder>, Problem> {
        Ok(self.lock_now()?.1)
    }

    /// Breaks the lock of this holder.
    ///
    /// # Errors
    ///
    /// When somebody else holds it now, or the remote refuses.
    pub fn unlock(&self, holder: &Holder) -> Result<(), Problem> {
        let Err(error) = self.release(&holder.commit) else {
            return Ok(());
        };
        match self.lock_now()? {
            (Some(commit), _) if commit == holder.commit => Err(error),
            (_, None) => Ok(()),
            (_, Some(now)) if now.token == holder.token => Err(Problem::new(format!(
                "the lock is in use: its holder changed something at {}",
                now.last_seen
            ))
            .help("wait until it is done, or try again")),
            (_, Some(now)) => Err(Problem::new(format!("another holds the lock now: {now}"))
                .help("wait until it is done, or try again")),
        }
    }

    /// Releases the lock of this commit.
    pub(super) fn release(&self, commit: &str) -> Result<(), Problem> {
        let lock = self.git_ref.lock_ref();
        let update = |new| Update {
            name: &lock,
            old: Some(commit),
            new,
        };
        match self.push(&[update(None)]) {
            Err(error) if error.output.contains("[remote rejected]") => {
                // The remote may forbid to delete a ref. A commit without a holder releases it too.
                let note = ChangeNote::default();
                let free = self.commit(&[], &[commit], &message::write("free", &[]), &note)?;
                self.push(&[update(Some(&free))])
                    .map_err(|error| error.problem)
            }
            pushed => pushed.map_err(|error| error.problem),
        }
    }

    /// Makes a commit with these files, and gives its name.
    pub(super) fn commit(
        &self,
        files: &[(&str, String)],
        parents: &[&str],
        message: &str,
        note: &ChangeNote,
    ) -> Result<String, Problem> {
        let mut entries = String::new();
        for (name, text) in files {
            let args = ["hash-object", "-w", "-t", "blob", "--stdin"];
            let blob = self.git.run_with(&args, Some(text.clone()), &[])?;
            entries += &format!("100644 blob {}\t{name}\n", blob.trim_end());
        }
        let tree = self.git.run_with(&["mktree"], Some(entries), &[])?;
        let mut args = vec!["commit-tree", tree.trim_end()];
        args.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        let author = self.author(note)?;
        let commit = self
            .git
            .run_with(&args, Some(message.to_owned()), &author)?;
        Ok(commit.trim_end().to_owned())
    }

    /// Who a commit is by, where git does not know: on a machine of CI usually nobody is set.
    fn author(&self, note: &ChangeNote) -> Result<Vec<(&'static str, String)>, Problem> {
        let ident = [
            "-c",
            "user.useConfigOnly=true",
            "var",
            "GIT_COMMITTER_IDENT",
        ];
        if self.git.ask(&ident)?.is_some() {
            return Ok(Vec::new());
        }
        let name = note.by.clone().unwrap_or_else(|| "machinist".into());
        let email = format!("{name}@{}", host_name()).replace([' ', '<', '>'], "-");
        Ok(vec![
            ("GIT_AUTHOR_NAME", name.clone()),
            ("GIT_AUTHOR_EMAIL", email.clone()),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", email),
        ])
    }

    /// Changes refs in the remote: all of them or none, or where the remote cannot do that, one
    /// after the other until one fails.
    pub(super) fn push(&self, updates: &[Update<'_>]) -> Result<(), RemoteError> {
        match self.push_patiently(updates) {
            Err(error) if error.output.contains("does not support --atomic") => updates
                .iter()
                .try_for_each(|update| self.push_patiently(std::slice::from_ref(update))),
            pushed => pushed,
        }
    }

    /// Tries again where the remote was only busy with another push.
    fn push_patiently(&self, updates: &[Update<'_>]) -> Result<(), RemoteError> {
        let is_busy = |error: &RemoteError| {
            let mut signs = BUSY.iter();
            signs.any(|sign| error.output.contains(sign))
        };
        let mut delay = RETRY_DELAY;
        for _ in 0..RETRIES {
            match self.push_atomic(updates) {
                Err(error) if is_busy(&error) => std::thread::sleep(delay),
                pushed => return pushed,
            }
            delay *= 2;
        }
        self.push_atomic(updates)
    }

    fn push_atomic(&self, updates: &[Update<'_>]) -> Result<(), RemoteError> {
        let mut args: Vec<String> = [
            "push",
            "--porcelain",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
        ]
        .map(str::to_owned)
        .to_vec();
        if updates.len() > 1 {
            args.push("--atomic".into());
        }
        for Update { name, old, .. } in updates {
            // An empty old commit: the ref must not be there.
            args.push(format!("--force-with-lease={name}:{}", old.unwrap_or("")));
        }
        args.extend(["--".into(), self.remote.clone()]);
        for Update { name, new, .. } in updates {
            args.push(format!("{}:{name}", new.unwrap_or("")));
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.talk(&args).map(drop)
    }

    fn talk(&self, args: &[&str]) -> Result<String, RemoteError> {
        self.git.talk(&self.remote, args)
    }
}

/// The remote that is named, or `origin`, or that of the branch, or the only one.
fn find_remote(git: &Git, named: Option<&str>) -> Result<String, Problem> {
    let remotes = git.run(&["remote"])?;
    let remotes: Vec<&str> = remotes.lines().collect();
    if let Some(named) = named {
        return match remotes.contains(&named) {
            true => Ok(named.into()),
            false => Err(
                Problem::new(format!("the repository has no remote `{named}`"))
                    .suggest("remote", named, &remotes),
            ),
        };
    }
    if remotes.contains(&"origin") {
        return Ok("origin".into());
    }
    let branch = git.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    if let Some(branch) = branch {
        let key = format!("branch.{}.remote", branch.trim_end());
        let remote = git.ask(&["config", "--get", &key])?.unwrap_or_default();
        if remotes.contains(&remote.trim_end()) {
            return Ok(remote.trim_end().into());
        }
    }
    match *remotes {
        [] => Err(
            Problem::new("the repository has no remote to keep the state in")
                .help("add one with `git remote add origin URL`, or keep the state in a file: `--state FILE`"),
        ),
        [only] => Ok(only.into()),
        [first, ..] => Err(Problem::new(format!(
            "the repository has several remotes and no `origin`: `{}`",
            remotes.join("`, `")
        ))
        .help(format!("name the one with the state, for instance `state = \"git:{first}\"`"))),
    }
}
