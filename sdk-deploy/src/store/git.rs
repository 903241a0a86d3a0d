//! A state on a ref of a remote repository of git, which all clones share.
//!
//! Every change is a commit on the one before, pushed with a lease: the remote takes it only where
//! the ref has the commit that was read. A second ref is the lock. It moves with every push, so a
//! process whose lock was broken cannot push any more.

mod command;
mod holder;
mod log;
mod message;
mod state_ref;

use std::fs;
use std::path::PathBuf;

use machinist_core::problem::{Problem, first_names};

use super::backend::Backend;
use super::change_note::ChangeNote;
use super::error::StoreError;
use super::journal::{self, Journal};
use super::lock_file::{LockError, LockFile};
use crate::deployed::Deployed;
use crate::file::write_file;
use crate::state::{FILE_IN_HELP, State};
use crate::state_location::GitRef;
use log::IN_PROGRESS;
use state_ref::{Heads, JOURNAL_FILE, STATE_FILE, Update};

pub use holder::Holder;
pub use log::LogEntry;
pub use state_ref::StateRef;

/// What git says where a ref has another commit than the lease.
const STALE: &str = "stale info";

/// How often the lock is tried again where somebody else was faster, and is done.
const LOCK_ATTEMPTS: u32 = 5;

/// How many apps a commit names that were not changed.
const NAMED_APPS: usize = 8;

/// A state on a ref.
#[derive(Debug)]
pub(super) struct GitStore {
    state_ref: StateRef,
    /// The commit of the ref; `None` if there is none.
    head: Option<String>,
    /// A second parent of the next commit: what the ref has lost.
    other_parent: Option<String>,
    /// The state in that commit.
    committed: Option<State>,
    /// What that commit has in its journal.
    committed_lines: Vec<u8>,
    /// The same, with what this clone recorded and has not pushed.
    lines: Vec<u8>,
    /// The state with all these lines, as it was read or saved last.
    current: Option<State>,
    /// An empty state, made once, so that the journal and the first state have one lineage.
    empty: State,
    /// What this clone recorded: a push may fail after commands ran.
    journal: Journal,
    note: ChangeNote,
    held: Option<HeldLock>,
}

/// The lock, held by this process.
#[derive(Debug)]
struct HeldLock {
    /// The lock's commit.
    commit: String,
    holder: Holder,
    /// Says which lock is this clone's, after a kill.
    token_file: PathBuf,
    /// Held by one process of this clone. A kill releases it, so who gets it knows that the
    /// process of the token is gone.
    _file: LockFile,
}

impl GitStore {
    /// Reads the state from the remote.
    pub(super) fn open(git_ref: &GitRef) -> Result<Self, StoreError> {
        let mut store = Self::without_state(StateRef::open(git_ref)?)?;
        // Before the remote is asked: another process of this clone may see a newer one meanwhile.
        let seen = store.state_ref.seen()?;
        let heads = store.state_ref.heads()?;
        store.load(&heads, seen.as_deref())?;
        Ok(store)
    }

    /// A store that has read nothing.
    fn without_state(state_ref: StateRef) -> Result<Self, StoreError> {
        let journal = Journal::at(state_ref.private_file("journal")?);
        Ok(Self {
            empty: State::of_environment(state_ref.git_ref.environment.as_deref()),
            state_ref,
            head: None,
            other_parent: None,
            committed: None,
            committed_lines: Vec::new(),
            lines: Vec::new(),
            current: None,
            journal,
            note: ChangeNote::default(),
            held: None,
        })
    }

    /// Takes over what the remote has. An older state than this clone has seen is refused.
    fn load(&mut self, heads: &Heads, seen: Option<&str>) -> Result<(), StoreError> {
        let state_ref = &self.state_ref;
        let Some(head) = &heads.state else {
            if let Some(seen) = seen {
                return Err(self.rewritten("is gone", seen).into());
            }
            self.take(None, None, Vec::new())?;
            return Ok(());
        };
        if seen != Some(head) {
            state_ref.fetch(&state_ref.git_ref.state_ref())?;
            if let Some(seen) = seen {
                if !state_ref.is_ancestor(seen, head)? {
                    return Err(self.rewritten("was set to another history", seen).into());
                }
            }
            state_ref.see(head);
        }
        let state = state_ref.file(head, STATE_FILE)?;
        let state = state.map(|text| self.parse(&text)).transpose()?;
        let lines = state_ref.file(head, JOURNAL_FILE)?.unwrap_or_default();
        if state.is_none() && lines.is_empty() {
            let problem = Problem::new(format!("{} has no state", state_ref.title()));
            let help = "put one there with `cargo machinist state push FILE`";
            return Err(problem.help(help).into());
        }
        self.take(Some(head.clone()), state, lines.into_bytes())
    }

    fn parse(&self, text: &str) -> Result<State, Problem> {
        State::parse(text).map_err(|error| {
            let title = self.state_ref.title();
            let help = error.help().replace(FILE_IN_HELP, STATE_FILE);
            Problem::new(format!("{title}: {error}")).help(help)
        })
    }

    /// The state of a commit, with what was recorded since, there or in this clone.
    fn take(
        &mut self,
        head: Option<String>,
        committed: Option<State>,
        committed_lines: Vec<u8>,
    ) -> Result<(), StoreError> {
        let local = self.local_lines()?;
        let goes_on =
            local.starts_with(&committed_lines) && journal::continues(&local, committed.as_ref());
        self.lines = match goes_on {
            true => local,
            false => committed_lines.clone(),
        };
        let replayed = journal::replay(&self.lines, committed.clone());
        self.current = replayed.map_err(|reason| {
            let title = self.state_ref.title();
            Problem::new(format!("{title}, its `{JOURNAL_FILE}`: {reason}"))
        })?;
        self.head = head;
        self.committed = committed;
        self.committed_lines = committed_lines;
        Ok(())
    }

    fn local_lines(&self) -> Result<Vec<u8>, StoreError> {
        self.journal.read().map_err(|error| StoreError::Read {
            path: self.journal.path().to_owned(),
            error,
        })
    }

    fn rewritten(&self, how: &str, seen: &str) -> Problem {
        let state_ref = &self.state_ref;
        let serial = state_ref.file(seen, STATE_FILE).ok().flatten();
        let serial = serial.and_then(|text| State::parse(&text).ok());
        let serial = serial.map_or(0, |state| state.serial);
        let message = format!(
            "{} {how}: it does not contain the state that this clone has seen (serial {serial}, \
             commit {})",
            state_ref.title(),
            seen.get(..12).unwrap_or(seen)
        );
        Problem::new(message)
            .help(
                "restore it with `cargo machinist state push`; or, if the other history is right, \
                 let this clone forget what it has seen: `git update-ref -d "
                    .to_owned()
                    + &state_ref.git_ref.seen_ref(&state_ref.remote)
                    + "`",
            )
            .note("what an old state says is deployed is no longer, and what was tuned since is not in it")
    }

    /// What this clone recorded and never pushed, if the remote went on without it.
    fn forget_stale_journal(&mut self) -> Result<Option<Problem>, StoreError> {
        let local = self.local_lines()?;
        if local.is_empty() || self.lines == local {
            return Ok(None);
        }
        let is_known = journal::replay(&local, self.current.clone()).is_ok();
        self.remove_journal()?;
        if is_known {
            return Ok(None);
        }
        let apps = journal::apps_of(&local).join("`, `");
        Ok(Some(Problem::new(format!(
            "dropped what this clone recorded of `{apps}` before it was cut off: {} has gone on since",
            self.state_ref.title()
        ))))
    }

    fn remove_journal(&mut self) -> Result<(), StoreError> {
        self.journal.remove().map_err(|error| StoreError::Write {
            path: self.journal.path().to_owned(),
            error,
        })
    }

    fn in_use(&self, holder: &str) -> StoreError {
        let message = format!("{} is in use by {holder}", self.state_ref.title());
        let help = "wait until it is done, and try again; if it was killed, break its lock with \
                    `cargo machinist state unlock`";
        Problem::new(message).help(help).into()
    }

    /// Takes the lock. Gives a warning if a killed process of this clone left it.
    fn take_lock(&mut self) -> Result<Option<Problem>, StoreError> {
        let path = self.state_ref.private_file("lock")?;
        let file = LockFile::lock(&path).map_err(|error| match error {
            LockError::Held(holder) => {
                let message = format!(
                    "{} is in use{holder}, in this clone",
                    self.state_ref.title()
                );
                let help = "wait until it is done, and try again";
                Problem::new(message).help(help).into()
            }
            LockError::Write(error) => StoreError::Write { path, error },
        })?;
        let token_file = self.state_ref.private_file("token")?;
        let mut attempts = 0;
        loop {
            let (old, before) = self.state_ref.lock_now()?;
            let own_token = fs::read_to_string(&token_file).unwrap_or_default();
            let warning = match &before {
                Some(holder) if holder.token == own_token => Some(Problem::new(format!(
                    "took over the lock of a process of this clone that was killed: {holder}"
                ))),
                Some(holder) => return Err(self.in_use(&holder.to_string())),
                None => None,
            };
            let holder = Holder::new(&self.note);
            // Before the push: a kill after it must leave a lock that this clone knows.
            write_file(&token_file, &holder.token).map_err(|error| StoreError::Write {
                path: token_file.clone(),
                error,
            })?;
            match self.push_lock(old.as_deref(), &holder)? {
                Ok(commit) => {
                    self.held = Some(HeldLock {
                        commit,
                        holder,
                        token_file,
                        _file: file,
                    });
                    return Ok(warning);
                }
                // Somebody was faster, and may be done already.
                Err(None) if attempts < LOCK_ATTEMPTS => attempts += 1,
                Err(problem) => {
                    let problem = problem.unwrap_or_else(|| self.changed());
                    return Err(problem.into());
                }
            }
        }
    }

    /// Reads the refs, which have the lock that was pushed unless pushes go elsewhere.
    fn heads_with_lock(&self) -> Result<Heads, Problem> {
        let heads = self.state_ref.heads()?;
        if heads.lock.is_some() {
            return Ok(heads);
        }
        let remote = &self.state_ref.remote;
        Err(Problem::new(format!(
            "`{remote}` does not have the lock that was pushed to it: nothing was done"
        ))
        .help(format!(
            "let pushes go to the repository that is read: `git remote get-url --push {remote}` \
             names another one than `git remote get-url {remote}`, or somebody broke the lock"
        )))
    }

    /// Pushes a lock in the place of the old one. Gives its commit, or why the remote refused; no
    /// reason if somebody was faster.
    fn push_lock(
        &self,
        old: Option<&str>,
        holder: &Holder,
    ) -> Result<Result<String, Option<Problem>>, Problem> {
        let parents: Vec<&str> = old.into_iter().collect();
        let message = holder.message();
        let commit = self.state_ref.commit(&[], &parents, &message, &self.note)?;
        let name = self.state_ref.git_ref.lock_ref();
        let update = Update {
            name: &name,
            old,
            new: Some(&commit),
        };
        let Err(error) = self.state_ref.push(&[update]) else {
            return Ok(Ok(commit));
        };
        // The answer may have been lost.
        let now = self.state_ref.heads()?.lock;
        Ok(match now.as_ref() == Some(&commit) {
            true => Ok(commit),
            // Who had the lock may have released it since.
            false if now.as_deref() != old || error.output.contains(STALE) => Err(None),
            false => Err(Some(error.problem)),
        })
    }

    /// Commits a state with what was recorded since, and pushes it.
    fn write(
        &mut self,
        state: Option<&State>,
        lines: &[u8],
        subject: &str,
    ) -> Result<(), StoreError> {
        let serial = state.map_or(0, |state| state.serial).to_string();
        let by = self.note.by.as_deref().unwrap_or_default();
        let commit = self.note.commit.as_deref().unwrap_or_default();
        let message = message::write(
            subject,
            &[
                (message::BY, by),
                (message::COMMIT, commit),
                (message::SERIAL, &serial),
            ],
        );
        let mut files = Vec::new();
        files.extend(state.map(|state| (STATE_FILE, state.to_json())));
        if !lines.is_empty() {
            let lines = String::from_utf8_lossy(lines).into_owned();
            files.push((JOURNAL_FILE, lines));
        }
        let parents = self.head.iter().chain(&self.other_parent);
        let parents: Vec<&str> = parents.map(String::as_str).collect();
        let commit = self
            .state_ref
            .commit(&files, &parents, &message, &self.note)?;
        self.push(Some(&commit))?;
        self.state_ref.see(&commit);
        self.head = Some(commit);
        self.other_parent = None;
        self.committed = state.cloned();
        self.committed_lines = lines.to_vec();
        Ok(())
    }

    /// Moves the lock, and with it the state's ref, if a commit is given. The remote does both only
    /// if nobody else moved either.
    fn push(&mut self, new: Option<&str>) -> Result<(), StoreError> {
        let state_ref = &self.state_ref;
        let Some(held) = &mut self.held else {
            let problem = Problem::new(format!("{} is not locked", state_ref.title()));
            return Err(problem.note("this is a fault of machinist").into());
        };
        let message = held.holder.message();
        let next = state_ref.commit(&[], &[&held.commit], &message, &self.note)?;
        let (state_name, lock_name) = (state_ref.git_ref.state_ref(), state_ref.git_ref.lock_ref());
        // The lock first, where the remote makes one change after the other.
        let mut updates = vec![Update {
            name: &lock_name,
            old: Some(&held.commit),
            new: Some(&next),
        }];
        updates.extend(new.map(|new| Update {
            name: &state_name,
            old: self.head.as_deref(),
            new: Some(new),
        }));
        let Err(error) = state_ref.push(&updates) else {
            held.commit = next;
            return Ok(());
        };
        // The answer may have been lost, or somebody was faster.
        let Ok(heads) = state_ref.heads() else {
            return Err(error.problem.into());
        };
        let is_moved = heads.lock.as_ref() == Some(&next);
        if is_moved {
            held.commit = next;
        } else if heads.lock.as_ref() != Some(&held.commit) {
            self.held = None;
            return Err(self.broken().into());
        }
        let is_written = new.is_none_or(|new| heads.state.as_deref() == Some(new));
        if is_moved && is_written {
            Ok(())
        } else if heads.state != self.head {
            Err(self.changed().into())
        } else {
            Err(error.problem.into())
        }
    }

    /// Takes the lock, for a change that no other may come before.
    fn lock_unchanged(&mut self) -> Result<(), StoreError> {
        let read = self.head.clone();
        let note = ChangeNote {
            what: "record what is deployed".into(),
            ..self.note.clone()
        };
        // What a killed process left concerns the next command that runs a platform's tool.
        self.lock(&note)?;
        match self.head == read {
            true => Ok(()),
            false => Err(self.changed().into()),
        }
    }

    /// The lock of this process is gone.
    fn broken(&self) -> Problem {
        let now = match self.state_ref.holder() {
            Ok(Some(holder)) => format!(", and is held by {holder}"),
            _ => String::new(),
        };
        let title = self.state_ref.title();
        Problem::new(format!(
            "the lock of {title} was broken by somebody else{now}"
        ))
        .help("plan again: what was not begun is not done")
    }

    fn changed(&self) -> Problem {
        Problem::new(format!(
            "{} was changed by somebody else in the meantime",
            self.state_ref.title()
        ))
        .help("plan again")
    }
}

impl Backend for GitStore {
    fn state(&self) -> State {
        self.current.as_ref().unwrap_or(&self.empty).clone()
    }

    fn lock(&mut self, note: &ChangeNote) -> Result<Vec<Problem>, StoreError> {
        self.note = note.clone();
        if self.held.is_some() {
            return Ok(Vec::new());
        }
        let mut warnings: Vec<Problem> = self.take_lock()?.into_iter().collect();
        let seen = self.state_ref.seen()?;
        let heads = self.heads_with_lock()?;
        self.load(&heads, seen.as_deref())?;
        warnings.extend(self.forget_stale_journal()?);
        // What a killed deploy recorded goes into the state.
        if !self.lines.is_empty() {
            let state = self.current.clone();
            self.write(
                state.as_ref(),
                &[],
                "what a deploy recorded that was cut off",
            )?;
            self.lines.clear();
            self.remove_journal()?;
        }
        Ok(warnings)
    }

    fn record(&mut self, target: &str, deployed: &Deployed, app: &str) -> Result<(), StoreError> {
        let before = self.committed.as_ref().unwrap_or(&self.empty);
        let appended = self.journal.append(before, (target, deployed), app);
        let line = appended.map_err(|error| StoreError::Write {
            path: self.journal.path().to_owned(),
            error,
        })?;
        self.lines.extend(line.into_bytes());
        Ok(())
    }

    /// One commit for what was recorded since the last one.
    fn publish(&mut self) -> Result<(), StoreError> {
        if self.lines == self.committed_lines {
            return self.push(None);
        }
        let (state, lines) = (self.committed.clone(), self.lines.clone());
        let subject = format!("{IN_PROGRESS}{}", self.note.what);
        self.write(state.as_ref(), &lines, &subject)
    }

    fn note_not_done(&mut self, apps: &[&str]) {
        let apps = first_names(apps, NAMED_APPS);
        self.note.what += &format!("; not done: {apps}");
    }

    fn save(&mut self, state: &State) -> Result<(), StoreError> {
        let is_written = self.committed.as_ref() == Some(state) && self.committed_lines.is_empty();
        // An empty state has no commit.
        let is_nothing = self.head.is_none() && *state == self.empty;
        if !is_written && !is_nothing {
            if self.held.is_none() {
                self.lock_unchanged()?;
            }
            let subject = self.note.what.clone();
            self.write(Some(state), &[], &subject)?;
            self.current = Some(state.clone());
        }
        self.lines.clear();
        self.remove_journal()
    }
}

impl Drop for GitStore {
    fn drop(&mut self) {
        let Some(held) = &self.held else { return };
        // Who finds a lock that could not be released says whose it is, and how to break it.
        if self.state_ref.release(&held.commit).is_ok() {
            let _ = fs::remove_file(&held.token_file);
        }
    }
}

impl StateRef {
    /// The changes of the state, the newest first.
    ///
    /// # Errors
    ///
    /// When the remote cannot be read.
    pub fn log(&self) -> Result<Vec<LogEntry>, StoreError> {
        let store = GitStore::open(&self.git_ref)?;
        match &store.head {
            Some(head) => Ok(self.log_of(head)?),
            None => Ok(Vec::new()),
        }
    }

    /// Puts a state onto the ref, or without one, the newest that this clone has seen. Whatever the
    /// ref had stays in its history.
    ///
    /// # Errors
    ///
    /// When the ref has a newer state, one of another project, or is in use.
    pub fn restore(&self, state: Option<&State>, note: &ChangeNote) -> Result<State, StoreError> {
        let seen = self.seen()?;
        let mut store = GitStore::without_state(self.clone())?;
        store.note = note.clone();
        store.take_lock()?;
        let heads = store.heads_with_lock()?;
        if heads.state.is_some() {
            self.fetch(&self.git_ref.state_ref())?;
        }
        let lost = match (&seen, &heads.state) {
            (Some(seen), Some(head)) if !self.is_ancestor(seen, head)? => Some(seen),
            (Some(seen), None) => Some(seen),
            _ => None,
        };
        // What was there may not be a state, which this repairs.
        let there = |commit: &String| -> Result<Option<State>, StoreError> {
            let mut reader = GitStore::without_state(self.clone())?;
            let text = self.file(commit, STATE_FILE)?;
            let state = text.and_then(|text| State::parse(&text).ok());
            let lines = self.file(commit, JOURNAL_FILE)?.unwrap_or_default();
            reader.take(Some(commit.clone()), state, lines.into_bytes())?;
            Ok(reader.current.clone())
        };
        let remote = heads.state.as_ref().map(there).transpose()?.flatten();
        let state = match (state, lost) {
            (Some(state), _) => state.clone(),
            (None, Some(lost)) => there(lost)?.unwrap_or_default(),
            (None, None) => {
                let title = self.title();
                let problem = Problem::new(format!("{title} has all that this clone has seen"));
                return Err(problem
                    .help("name a file: `cargo machinist state push FILE`")
                    .into());
            }
        };
        if let Some(remote) = &remote {
            self.check_replaces(&state, remote)?;
        }
        if let Some(lost) = lost {
            if let Some(seen) = there(lost)? {
                self.check_replaces_lost(&state, &seen)?;
            }
        }
        if remote.as_ref() == Some(&state) && lost.is_none() {
            return Ok(state);
        }
        store.head = heads.state;
        // The lost commit stays in the history, so that every clone finds what it has seen.
        store.other_parent = lost.cloned();
        store.write(Some(&state), &[], &note.what)?;
        store.remove_journal()?;
        Ok(state)
    }

    /// What the ref has lost is put back, or replaced by a later state of the same project.
    fn check_replaces_lost(&self, state: &State, seen: &State) -> Result<(), Problem> {
        let title = self.title();
        let message = if state.lineage != seen.lineage {
            format!(
                "{title} had the state of another project: its lineage was {}, and not {}",
                seen.lineage, state.lineage
            )
        } else if state.serial < seen.serial || state.serial == seen.serial && state != seen {
            format!(
                "{title} had a newer state: this clone has seen the serial {}, and this state has {}",
                seen.serial, state.serial
            )
        } else {
            return Ok(());
        };
        let seen_ref = self.git_ref.seen_ref(&self.remote);
        Err(Problem::new(message).help(format!(
            "put the newest that was seen back with `cargo machinist state push`; or, if it is not to \
             come back, let this clone forget it: `git update-ref -d {seen_ref}`"
        )))
    }

    fn check_replaces(&self, state: &State, remote: &State) -> Result<(), Problem> {
        let title = self.title();
        if state.lineage != remote.lineage {
            return Err(Problem::new(format!(
                "{title} has the state of another project: its lineage is {}, and not {}",
                remote.lineage, state.lineage
            ))
            .help("keep this state under the name of an environment, or in a file"));
        }
        if state.serial < remote.serial || state.serial == remote.serial && state != remote {
            return Err(Problem::new(format!(
                "{title} is newer: it has the serial {}, and this state {}",
                remote.serial, state.serial
            ))
            .help("get it with `cargo machinist state pull FILE`"));
        }
        Ok(())
    }
}
