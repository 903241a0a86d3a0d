//! From a file to the records in it.
//!
//! Only headers and the records' sections are read, through a cache of the pages asked for:
//! binaries are large. Nothing is trusted and nothing is run.

mod archive;
mod bounded;
mod frames;
mod image;
pub(crate) mod program;
mod scan;
mod wasm;

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bounded::Bounded;
use frames::Found;
use image::Headers;
use machinist_core::record::Fault;
use object::read::{ReadCache, ReadRef};
use thiserror::Error;

/// A record in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The app's manifest entry, as compact JSON.
    pub payload: String,
    /// Where its frame starts in the file.
    pub offset: u64,
}

/// A file that cannot be read.
///
/// ```
/// let error = machinist_deploy::records("no/such/file".as_ref()).unwrap_err();
/// assert!(error.to_string().starts_with("`no/such/file` cannot be read"));
/// ```
#[derive(Debug, Error)]
#[error("`{}` {fault}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub fault: ReadFault,
}

/// Why a file cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadFault {
    /// The operating system says no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Somebody wrote to it in the meantime.
    #[error("changed while it was read")]
    Changed,
    /// No format that is known here.
    #[error("is not a binary")]
    NotABinary,
    /// A known format whose headers make no sense.
    #[error("is a damaged binary: {0}")]
    Malformed(String),
    /// An archive that only names its members.
    #[error("is a thin archive, which only names its members")]
    ThinArchive,
    /// The section is larger than any that apps could fill.
    #[error("has a section of records with {0} bytes, which is too large")]
    OversizedSection(u64),
    /// A record of a newer version.
    #[error(
        "has a record of format {version} at offset {offset}, which is newer than this version"
    )]
    NewerFormat {
        /// The record's format version.
        version: u32,
        /// Where its frame starts in the file.
        offset: u64,
    },
    /// A record that is none.
    #[error("has a corrupt record at offset {offset}: {fault}")]
    CorruptRecord {
        /// What is wrong with it.
        fault: Fault,
        /// Where its frame starts in the file.
        offset: u64,
    },
}

impl From<object::read::Error> for ReadFault {
    fn from(error: object::read::Error) -> Self {
        Self::Malformed(error.to_string().to_lowercase())
    }
}

impl ReadFault {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(_) => None,
            Self::Changed => Some("try again when it is written"),
            Self::NotABinary => {
                Some("name a program or library that cargo built: ELF, Mach-O, PE or wasm")
            }
            Self::Malformed(_) | Self::CorruptRecord { .. } | Self::OversizedSection(_) => {
                Some("build the binary again, or copy it again")
            }
            Self::ThinArchive => Some("name the files that it consists of"),
            Self::NewerFormat { .. } => Some("upgrade with `cargo install cargo-machinist`"),
        }
    }
}

/// Reads the records of a program, library, object file or archive: ELF, Mach-O (fat files too),
/// PE, COFF and wasm, of any platform.
///
/// # Errors
///
/// A [`ReadError`] that names the file. A file with no records is none: the list is empty.
///
/// ```
/// // This very program carries no app.
/// let records = machinist_deploy::records(&std::env::current_exe()?)?;
/// assert!(records.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn records(path: &Path) -> Result<Vec<Record>, ReadError> {
    read_file(path, |file| records_in(file))
}

/// The same as [`records`] of what is no file: bytes in memory, or a part of something larger.
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
    let mut found = Found::in_file_of(length);
    if archive::is_archive(&cache) {
        archive::find(&cache, &mut found)?;
    } else if image::find(&cache, &mut found)? == Headers::Gone {
        return scan::records(&mut cache.into_inner());
    }
    Ok(found.records())
}

/// Looks for records in all bytes of a file, as in the bitcode of a library that awaits link-time
/// optimisation. Memory stays bounded; what is not a whole record is passed over.
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
    read_file(path, |file| scan::records(&mut Bounded::new(file)?))
}

fn read_file<T>(
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

/// What is another after the file was written to.
fn version(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe would block, and a device never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a file",
        ));
    }
    File::open(path)
}

#[cfg(test)]
mod tests;
