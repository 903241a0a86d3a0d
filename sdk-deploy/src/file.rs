//! Writing a file so that nobody ever sees half of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file's contents in one step: written beside it, then renamed.
///
/// # Errors
///
/// When the folder cannot be written to, or the disk is full; the file is as it was before.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("manifest.json");
/// machinist_deploy::write_file(&file, "{}")?;
/// assert_eq!(std::fs::read_to_string(&file)?, "{}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_file(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
        // A pipe or a device cannot be replaced; a folder gives the error.
        return fs::write(&path, text);
    }
    let beside = beside(&path)?;
    let written = write_new(&beside, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written.and_then(|()| sync_folder(&path))
}

/// So that a power cut does not bring the old name back.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) && folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
