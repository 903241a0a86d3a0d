//! Reads a file, and detects writes to it in the meantime.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::error::{ReadError, ReadFault};

/// Reads a file, and fails if it was written to in the meantime.
pub(super) fn read_unchanged<T>(
    path: &Path,
    read: impl FnOnce(&File) -> Result<T, ReadFault>,
) -> Result<T, ReadError> {
    let unchanged = || {
        let file = open(path)?;
        let before = version(&file)?;
        let read = read(&file);
        match version(&file)? == before {
            true => read,
            false => Err(ReadFault::Changed),
        }
    };
    unchanged().map_err(|fault| ReadError {
        path: path.to_owned(),
        fault,
    })
}

/// Length and time of the file; a write changes them.
fn version(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn open(path: &Path) -> io::Result<File> {
    // Reading a pipe would block, and a device may be endless.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a file",
        ));
    }
    File::open(path)
}
