//! Static libraries and Rust's own: archives of object files.

use object::read::archive::ArchiveFile;
use object::read::{FileKind, ReadCache, ReadCacheOps, ReadRef};

use super::{ReadFault, Record, image};

/// Whether this is an archive.
pub(super) fn is_archive<'data>(data: impl ReadRef<'data>) -> bool {
    matches!(FileKind::parse(data), Ok(FileKind::Archive))
}

/// The records of all members that are object files; metadata and bitcode are passed over.
pub(super) fn records<R: ReadCacheOps>(file: &ReadCache<R>) -> Result<Vec<Record>, ReadFault> {
    let archive = ArchiveFile::parse(file)?;
    if archive.is_thin() {
        return Err(ReadFault::ThinArchive);
    }
    let mut records = Vec::new();
    for member in archive.members() {
        let (offset, size) = member?.file_range();
        match image::records_of_one(file.range(offset, size), offset) {
            Ok(found) => records.extend(found.unwrap_or_default()),
            Err(ReadFault::NotABinary) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(records)
}
