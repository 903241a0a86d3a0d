//! Reads the records of apps out of a file.
//!
//! Only headers and the sections of records are read, through a cache of pages, because binaries
//! are large. No file is trusted or run.

mod archive;
mod bounded;
mod error;
mod frames;
pub(crate) mod needs;
mod object_file;
pub(crate) mod program;
mod scan;
mod unchanged;
mod wasm;

use std::io::{Read, Seek};
use std::path::Path;

use bounded::Bounded;
pub use error::{ReadError, ReadFault};
use frames::FoundRecords;
pub use frames::Record;
pub use needs::BinaryNeeds;
use object::read::{ReadCache, ReadRef};
use object_file::SectionHeaders;
use unchanged::read_unchanged;

/// Reads the records of a program, library, object file or archive: ELF, Mach-O (fat files too),
/// PE, COFF and wasm, of any platform.
///
/// # Errors
///
/// A [`ReadError`] that names the file. A file without records is no error: the list is empty.
///
/// ```
/// // This very program carries no app.
/// let records = machinist_deploy::records(&std::env::current_exe()?)?;
/// assert!(records.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn records(path: &Path) -> Result<Vec<Record>, ReadError> {
    read_unchanged(path, |file| records_in(file))
}

/// Like [`records`], for bytes in memory or a part of something larger.
///
/// # Errors
///
/// A [`ReadFault`].
///
/// ```
/// use std::io::Cursor;
///
/// let script = Cursor::new(b"#!/bin/sh");
/// assert!(machinist_deploy::records_in(script).is_err());
/// ```
pub fn records_in(stream: impl Read + Seek) -> Result<Vec<Record>, ReadFault> {
    let cache = ReadCache::new(Bounded::new(stream)?);
    let length = (&cache).len().unwrap_or_default();
    let mut found = FoundRecords::in_file_of_length(length);
    if archive::is_archive(&cache) {
        archive::find(&cache, &mut found)?;
    } else if object_file::find(&cache, &mut found)? == SectionHeaders::Stripped {
        return scan::records(&mut cache.into_inner());
    }
    Ok(found.records())
}

/// Searches all bytes of a file for records, for instance in the bitcode of a library before
/// link-time optimisation. Memory use is bounded. Incomplete records are skipped.
///
/// # Errors
///
/// When the file cannot be read.
///
/// ```
/// let records = machinist_deploy::scan(&std::env::current_exe()?)?;
/// assert!(records.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn scan(path: &Path) -> Result<Vec<Record>, ReadError> {
    read_unchanged(path, |file| scan::records(&mut Bounded::new(file)?))
}

#[cfg(test)]
mod tests;
