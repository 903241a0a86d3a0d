//! A file that one process locks, which names its holder.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use fs4::{FileExt, TryLockError};

use crate::history::now;

/// A locked file, until it is dropped.
///
/// The operating system releases the lock when the process ends, even after a kill.
#[derive(Debug)]
pub(super) struct LockFile(File);

/// Why a file cannot be locked.
pub(super) enum LockError {
    /// Another process holds the lock; its name, if it is known.
    Held(String),
    /// The file cannot be written.
    Write(io::Error),
}

impl LockFile {
    /// Locks a file, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] at once where another process holds it.
    pub(super) fn lock(path: &Path) -> Result<Self, LockError> {
        lock(path).map(Self)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Otherwise a waiting process could name a holder that has ended.
        let _ = self.0.set_len(0);
    }
}

fn lock(path: &Path) -> Result<File, LockError> {
    let failed = LockError::Write;
    let options = File::options()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(path);
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
                holder => return Err(LockError::Held(holder)),
            },
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(LockError::Held(String::new()))
}

/// How often and at what interval the lock is tried while it does not name its holder.
const LOCK_ATTEMPTS: u32 = 200;
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(10);

/// The holder that the lock names; empty if it cannot be read.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let _ = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    holder
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect()
}
