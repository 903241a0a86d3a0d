//! A state in a file, with a lock against concurrent deploys.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use super::backend::Backend;
use super::change_note::ChangeNote;
use super::error::StoreError;
use super::journal::{self, Journal};
use super::lock_file::{LockError, LockFile};
use crate::deployed::Deployed;
use crate::file::write_file;
use crate::state::State;

/// The state's file, locked by this process until it is dropped.
#[derive(Debug)]
pub(super) struct FileStore {
    path: PathBuf,
    /// What is in the file; `None` if there is none.
    saved: Option<State>,
    /// An empty state, made once, so that the journal and the first file have one lineage.
    empty: State,
    journal: Journal,
    _lock: LockFile,
}

impl FileStore {
    /// Reads a state without a lock, as it is at this moment.
    pub(super) fn read(path: &Path) -> Result<State, StoreError> {
        Ok(read(path)?.unwrap_or_default())
    }

    /// Takes the lock and reads the state.
    pub(super) fn open(path: &Path, environment: Option<&str>) -> Result<Self, StoreError> {
        create_folder(path)?;
        let lock = lock(path)?;
        let mut store = Self {
            path: path.to_owned(),
            saved: read_file(path)?,
            empty: State::of_environment(environment),
            journal: journal_of(path),
            _lock: lock,
        };
        // What a killed deploy recorded goes into the state.
        let state = read(path)?;
        match &state {
            Some(state) => store.save(state)?,
            None => store.remove_journal()?,
        }
        Ok(store)
    }

    fn remove_journal(&mut self) -> Result<(), StoreError> {
        self.journal.remove().map_err(|error| StoreError::Write {
            path: self.journal.path().to_owned(),
            error,
        })
    }
}

impl Backend for FileStore {
    fn state(&self) -> State {
        self.saved.as_ref().unwrap_or(&self.empty).clone()
    }

    /// It is locked since it was opened.
    fn lock(&mut self, _: &ChangeNote) -> Result<Vec<Problem>, StoreError> {
        Ok(Vec::new())
    }

    fn record(&mut self, target: &str, deployed: &Deployed, app: &str) -> Result<(), StoreError> {
        let before = self.saved.as_ref().unwrap_or(&self.empty);
        let appended = self.journal.append(before, (target, deployed), app);
        appended.map(drop).map_err(|error| StoreError::Write {
            path: self.journal.path().to_owned(),
            error,
        })
    }

    /// What is recorded is in the journal already.
    fn publish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Even after a crash the file has the old state or the new one.
    fn save(&mut self, state: &State) -> Result<(), StoreError> {
        let path = self.path.clone();
        if self.saved.as_ref() == Some(state) {
            return self.remove_journal();
        }
        if read_file(&path)? != self.saved {
            return Err(StoreError::Changed { path });
        }
        write_file(&path, &state.to_json()).map_err(|error| StoreError::Write { path, error })?;
        self.saved = Some(state.clone());
        self.remove_journal()
    }
}

/// Makes the folder of the state's file, if nothing is there.
fn create_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            fs::create_dir_all(folder).map_err(|error| StoreError::Write {
                path: folder.to_owned(),
                error,
            })
        }
        _ => Ok(()),
    }
}

/// The state with what was recorded since it was written.
fn read(path: &Path) -> Result<Option<State>, StoreError> {
    match read_once(path) {
        // Another process may have written the state and begun a journal between the two files.
        Err(StoreError::Journal { .. }) => read_once(path),
        read => read,
    }
}

fn read_once(path: &Path) -> Result<Option<State>, StoreError> {
    let journal = journal_of(path);
    let state = read_file(path)?;
    let lines = journal.read().map_err(|error| StoreError::Read {
        path: journal.path().to_owned(),
        error,
    })?;
    journal::replay(&lines, state).map_err(|reason| StoreError::Journal {
        path: journal.path().to_owned(),
        reason,
    })
}

fn read_text(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    // UTF-16 without a byte order mark may be valid UTF-8. No state has the character itself; a file
    // of nothing else is what a power cut leaves.
    match text.contains('\0') && text.contains('{') {
        true => Err(io::Error::new(ErrorKind::InvalidData, "it is not UTF-8")),
        false => Ok(text),
    }
}

fn read_file(path: &Path) -> Result<Option<State>, StoreError> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(StoreError::Read {
                path: path.to_owned(),
                error,
            });
        }
    };
    let state = State::parse(&text);
    state.map(Some).map_err(|error| StoreError::State {
        path: path.to_owned(),
        error,
    })
}

/// Locks a file beside the state's, because the state's file is replaced with every change.
fn lock(path: &Path) -> Result<LockFile, StoreError> {
    let beside = beside(path, ".lock");
    LockFile::lock(&beside).map_err(|error| match error {
        LockError::Held(holder) => StoreError::Locked {
            path: path.to_owned(),
            holder,
        },
        LockError::Write(error) => StoreError::Write {
            path: beside.clone(),
            error,
        },
    })
}

fn journal_of(state_file: &Path) -> Journal {
    Journal::at(beside(state_file, ".journal"))
}

/// A hidden file beside the state's, with this ending.
fn beside(state_file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(state_file.file_name().unwrap_or_default());
    name.push(ending);
    state_file.with_file_name(name)
}
