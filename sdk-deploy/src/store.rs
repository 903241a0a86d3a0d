//! A state that is read, locked against concurrent deploys, and written.

mod backend;
mod change_note;
mod error;
mod file;
mod git;
mod journal;
mod lock_file;

use machinist_core::problem::Problem;

use crate::deployed::Deployed;
use crate::state::State;
use crate::state_location::StateLocation;
use backend::Backend;
use file::FileStore;
use git::GitStore;

pub use change_note::ChangeNote;
pub use error::StoreError;
pub use git::{Holder, LogEntry, StateRef};

/// A state that this process changes.
///
/// A file is locked from the beginning, a ref of git once [`lock`](Self::lock) is called, both until
/// this is dropped.
///
/// ```
/// use machinist_deploy::Store;
///
/// let folder = tempfile::tempdir()?;
/// let mut store = Store::open(folder.path().join("machinist-state.json"), None)?;
/// let state = store.state();
/// store.save(&state)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    backend: Box<dyn Backend>,
}

impl Store {
    /// Reads a state without a lock, as it is at this moment. Where there is none, it is a state
    /// without deploys.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not a state.
    pub fn read(location: impl Into<StateLocation>) -> Result<State, StoreError> {
        match location.into() {
            StateLocation::File(path) => FileStore::read(&path),
            StateLocation::Git(git_ref) => Ok(GitStore::open(&git_ref)?.state()),
        }
    }

    /// Who holds the lock of a state, in words; `None` if it is free, or if that cannot be found out.
    ///
    /// ```
    /// use machinist_deploy::Store;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("machinist-state.json");
    /// assert_eq!(Store::lock_holder(path.clone()), None);
    /// let store = Store::open(path.clone(), None)?;
    /// assert!(Store::lock_holder(path).unwrap().contains("by process"));
    /// # drop(store);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lock_holder(location: impl Into<StateLocation>) -> Option<String> {
        match location.into() {
            StateLocation::File(path) => FileStore::lock_holder(&path),
            StateLocation::Git(git_ref) => {
                let holder = StateRef::open(&git_ref).ok()?.holder().ok()??;
                Some(format!("in use by {holder}"))
            }
        }
    }

    /// Reads the state to change it. A new one is of this environment. A file is locked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] at once where another process holds it, and what [`Self::read`]
    /// says.
    pub fn open(
        location: impl Into<StateLocation>,
        environment: Option<&str>,
    ) -> Result<Self, StoreError> {
        let backend: Box<dyn Backend> = match location.into() {
            StateLocation::File(path) => Box::new(FileStore::open(&path, environment)?),
            StateLocation::Git(git_ref) => Box::new(GitStore::open(&git_ref)?),
        };
        Ok(Self { backend })
    }

    /// Keeps others from changing the state, until this is dropped. A state on a ref of git is read
    /// again, so [`state`](Self::state) may be another one afterwards. Gives warnings, for instance
    /// of a lock that a killed process left.
    ///
    /// # Errors
    ///
    /// When another process holds it.
    pub fn lock(&mut self, note: &ChangeNote) -> Result<Vec<Problem>, StoreError> {
        self.backend.lock(note)
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
        self.backend.record(target, deployed, app)
    }

    /// Puts what was recorded where others see it, before commands of a platform run.
    ///
    /// # Errors
    ///
    /// When that is not possible, or the lock is no longer held.
    pub fn publish(&mut self) -> Result<(), StoreError> {
        self.backend.publish()
    }

    /// Notes for those who look at the log that these apps were not changed as planned.
    pub fn note_not_done(&mut self, apps: &[&str]) {
        self.backend.note_not_done(apps);
    }

    /// The state as it was when it was read or locked, or as it was saved since.
    pub fn state(&self) -> State {
        self.backend.state()
    }

    /// Writes the state if it differs. Even after a crash there is the old state or the new one.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or another program changed it in spite of the lock.
    pub fn save(&mut self, state: &State) -> Result<(), StoreError> {
        self.backend.save(state)
    }
}
