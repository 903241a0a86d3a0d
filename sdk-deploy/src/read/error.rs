//! Why a file cannot be read.

use std::io;
use std::path::PathBuf;

use machinist_core::record::Fault;
use thiserror::Error;

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
    /// The operating system reports an error.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It was written to while it was read.
    #[error("changed while it was read")]
    Changed,
    /// Its format is not known.
    #[error("is not a binary")]
    NotABinary,
    /// Its headers are invalid.
    #[error("is a damaged binary: {0}")]
    Malformed(String),
    /// It is a thin archive, which only names its members.
    #[error("is a thin archive, which only names its members")]
    ThinArchive,
    /// A section of records is larger than the limit.
    #[error("has a section of records with {0} bytes, which is too large")]
    OversizedSection(u64),
    /// A record has a newer format.
    #[error(
        "has a record of format {version} at offset {offset}, which is newer than this version"
    )]
    NewerFormat {
        /// The record's format version.
        version: u32,
        /// Where its frame starts in the file.
        offset: u64,
    },
    /// A record is corrupt.
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
            Self::Changed => Some("try again when nothing writes to it"),
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
