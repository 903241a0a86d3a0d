//! Static libraries and Rust's own: archives of object files.

use object::read::archive::ArchiveFile;
use object::read::{FileKind, ReadCache, ReadCacheOps, ReadRef};

use super::error::ReadFault;
use super::frames::FoundRecords;
use super::object_file;

/// Whether this is an archive.
pub(super) fn is_archive<'data>(data: impl ReadRef<'data>) -> bool {
    matches!(FileKind::parse(data), Ok(FileKind::Archive))
}

/// Finds the records of all members that are object files. Metadata and bitcode are skipped.
pub(super) fn find<R: ReadCacheOps>(
    file: &ReadCache<R>,
    found: &mut FoundRecords,
) -> Result<(), ReadFault> {
    let archive = ArchiveFile::parse(file)?;
    if archive.is_thin() {
        return Err(ReadFault::ThinArchive);
    }
    for member in archive.members() {
        let (offset, size) = member?.file_range();
        match object_file::find_in_architecture(file.range(offset, size), offset, found) {
            Ok(_) | Err(ReadFault::NotABinary) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}
