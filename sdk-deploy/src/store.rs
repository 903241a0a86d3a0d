//! The state's file, with a lock against concurrent deploys.

mod journal;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use machinist_core::problem::Problem;
use thiserror::Error;

use crate::ago::ago;
use crate::deployed::Deployed;
use crate::file::write_file;
use crate::history::now;
use crate::state::{FILE_IN_HELP, State, StateError};
use crate::tool::shell_word;
use journal::Journal;

/// The state's file, locked by this process until it is dropped.
///
/// The operating system releases the lock when the process ends, even after a kill.
///
/// ```
/// use machinist_deploy::Store;
///
/// let folder = tempfile::tempdir()?;
/// let mut store = Store::open(&folder.path().join("machinist-state.json"))?;
/// let state = store.state();
/// store.save(&state)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// What is in the file; `None` if there is none.
    saved: Option<State>,
    /// An empty state, made once, so that the journal and the first file have one lineage.
    empty: State,
    journal: Journal,
    lock: File,
}

impl Drop for Store {
    fn drop(&mut self) {
        // Otherwise a waiting process could name a holder that has ended.
        let _ = self.lock.set_len(0);
    }
}

/// Why the state's file cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process holds it.
    #[error("`{}` is in use{holder}", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Who holds it, if that is known.
        holder: String,
    },
    /// It cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It cannot be written; it is as it was before.
    #[error("cannot write `{}`: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What a killed deploy recorded does not continue the state.
    #[error("`{}`: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What it contains is not a state.
    #[error("`{}`: {error}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: StateError,
    },
    /// Another program changed it in spite of the lock, for instance git.
    #[error("`{}` was changed by another program in the meantime", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Locked { .. } => Some("wait until it is done, and try again"),
            Self::Read { error, .. } if error.kind() == ErrorKind::InvalidData => {
                Some("save it as UTF-8")
            }
            Self::Read { .. } => None,
            Self::Write { .. } => Some("fix this and try again: what is on record is kept"),
            Self::State { path, error } => {
                let file = shell_word(&path.display().to_string());
                return Some(error.help().replace(FILE_IN_HELP, &file));
            }
            Self::Journal { .. } => Some(
                "restore the state that the deploy was made from, or remove this file if what it \
                 says was deployed is known otherwise",
            ),
            Self::Changed { .. } => Some("plan again: nothing was written"),
        };
        help.map(str::to_owned)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self {
            help: error.help(),
            ..Self::new(error.to_string())
        }
    }
}

impl Store {
    /// Reads a state without a lock, as it is at this moment. A missing file is a state without
    /// deploys.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not a state.
    pub fn read(path: &Path) -> Result<State, StoreError> {
        Ok(read(path)?.unwrap_or_default())
    }

    /// Takes the lock and reads the state.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] at once where another process holds it, and what [`Self::read`]
    /// says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        create_folder(path)?;
        let lock = lock(path)?;
        let mut store = Self {
            path: path.to_owned(),
            saved: read_file(path)?,
            empty: State::new(),
            journal: Journal::beside(path),
            lock,
        };
        // What a killed deploy recorded goes into the state.
        let state = read(path)?;
        match &state {
            Some(state) => store.save(state)?,
            None => store.remove_journal()?,
        }
        Ok(store)
    }

    /// Records what is deployed of one app, which may be nothing any more. The whole state is not
    /// written before [`save`](Self::save), so the time of a deploy of many apps is linear, and a
    /// kill loses nothing that was recorded.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn record(
        &mut self,
        target: &str,
        deployed: &Deployed,
        app: &str,
    ) -> Result<(), StoreError> {
        let before = self.saved.as_ref().unwrap_or(&self.empty);
        let appended = self.journal.append(before, (target, deployed), app);
        appended.map_err(|error| StoreError::Write {
            path: self.journal.path().to_owned(),
            error,
        })
    }

    /// The state as it was when the lock was taken, or as it was saved since.
    pub fn state(&self) -> State {
        self.saved.as_ref().unwrap_or(&self.empty).clone()
    }

    /// Writes the state if it differs. Even after a crash the file has the old state or the new
    /// one.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or another program changed it in spite of the lock.
    pub fn save(&mut self, state: &State) -> Result<(), StoreError> {
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

    fn remove_journal(&mut self) -> Result<(), StoreError> {
        self.journal.remove().map_err(|error| StoreError::Write {
            path: self.journal.path().to_owned(),
            error,
        })
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
    let journal = Journal::beside(path);
    let replayed = journal.replay(read_file(path)?);
    let failed = |error| StoreError::Read {
        path: journal.path().to_owned(),
        error,
    };
    replayed
        .map_err(failed)?
        .map_err(|reason| StoreError::Journal {
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
fn lock(path: &Path) -> Result<File, StoreError> {
    let beside = lock_path(path);
    let failed = |error| StoreError::Write {
        path: beside.clone(),
        error,
    };
    let options = File::options()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&beside);
    let mut file = options.map_err(failed)?;
    for _ in 0..LOCK_ATTEMPTS {
        match FileExt::try_lock(&file) {
            Ok(()) => {
                let holder = format!(" by process {} since {}", std::process::id(), now());
                let written = file.set_len(0).and_then(|()| file.rewind());
                written
                    .and_then(|()| file.write_all(holder.as_bytes()))
                    .map_err(failed)?;
                return Ok(file);
            }
            Err(TryLockError::WouldBlock) => match holder(&mut file) {
                // The holder has just taken the lock, or is about to release it.
                holder if holder.is_empty() => std::thread::sleep(LOCK_RETRY_DELAY),
                holder => return Err(locked(path, holder)),
            },
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(locked(path, String::new()))
}

/// How often and at what interval the lock is tried while it does not name its holder.
const LOCK_ATTEMPTS: u32 = 200;
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(10);

fn locked(path: &Path, holder: String) -> StoreError {
    StoreError::Locked {
        path: path.to_owned(),
        holder,
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    path.with_file_name(name)
}

/// The holder that the lock names; empty if it cannot be read.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let _ = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    let holder = holder.chars().filter(|c| !c.is_control()).take(100);
    let holder: String = holder.collect();
    match holder.rsplit_once(' ') {
        Some((who, time)) => format!("{who} {time} ({})", ago(time)),
        None => holder,
    }
}
