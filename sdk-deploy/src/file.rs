//! Files: one is written in one step, so that no reader sees half of it.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use machinist_core::problem::Problem;

/// The problem of a file or folder that cannot be read.
pub(crate) fn cannot_read(path: &Path, error: &dyn Display) -> Problem {
    Problem::new(format!("cannot read `{}`: {error}", path.display()))
}

/// Replaces a file in one step: a temporary file is written beside it, then renamed. Temporary
/// files of killed processes are removed.
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
    // A symbolic link stays; its target is replaced.
    let real = fs::canonicalize(path);
    // What a process has open, as `/dev/stdout` names it, may have no path any more. A pipe or a
    // device cannot be replaced either; a folder gives the error.
    let is_only_open = real.is_err() || path.starts_with("/dev");
    if fs::metadata(path).is_ok_and(|metadata| is_only_open || !metadata.is_file()) {
        return fs::write(path, text);
    }
    let path = real.unwrap_or_else(|_| path.to_owned());
    replace(&path, |temporary| write_synced(temporary, text))?;
    sync_folder(&path)
}

/// Replaces a file in one step without syncing it to disk, for files that can be made again.
pub(crate) fn write_file_unsynced(path: &Path, text: &str) -> io::Result<()> {
    replace(path, |temporary| fs::write(temporary, text))
}

/// Replaces a file with a copy of another in one step, even while it is being run.
pub(crate) fn copy_file(original: &Path, path: &Path) -> io::Result<()> {
    replace(path, |temporary| fs::copy(original, temporary).map(drop))
}

/// Puts in the file's place what is written beside it.
fn replace(path: &Path, write: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = path.with_file_name(temporary_name(name));
    loop {
        let written = write(&temporary);
        let is_written = written.is_ok();
        match written.and_then(|()| fs::rename(&temporary, path)) {
            Ok(()) => break,
            // Another process removed it as a leftover.
            Err(_) if is_written && !temporary.exists() => {}
            Err(error) => {
                // The first error is reported.
                let _ = fs::remove_file(&temporary);
                return Err(error);
            }
        }
    }
    remove_left_over(path, name);
    Ok(())
}

/// Removes what killed processes left beside a file. A living one that loses its file by this
/// writes it again, and it comes to that only when another has succeeded.
fn remove_left_over(path: &Path, name: &OsStr) {
    let entries = fs::read_dir(parent_folder(path)).into_iter().flatten();
    let left_over = entries
        .flatten()
        .filter(|entry| is_temporary_of(&entry.file_name(), name));
    for entry in left_over {
        // A file that cannot be removed does no harm.
        let _ = fs::remove_file(entry.path());
    }
}

fn parent_folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Syncs the folder of a file to disk. Otherwise a power cut could restore the old file.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(parent_folder(path))?.sync_all(),
        false => Ok(()),
    }
}

/// The name under which this process writes a file before that takes its place.
fn temporary_name(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}{SUFFIX}", std::process::id()));
    temporary
}

/// Whether a process, this or another, writes the file of this name under that one.
fn is_temporary_of(temporary: &OsStr, name: &OsStr) -> bool {
    let after_name = temporary
        .as_encoded_bytes()
        .strip_prefix(b".")
        .and_then(|rest| rest.strip_prefix(name.as_encoded_bytes()));
    let process = after_name
        .and_then(|rest| rest.strip_prefix(b"."))
        .and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    process.is_some_and(|process| !process.is_empty() && process.iter().all(u8::is_ascii_digit))
}

const SUFFIX: &str = ".tmp";

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_killed_processes_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        let left_over = [".state.json.1.tmp", ".state.json.4194304.tmp"];
        let others = [
            ".state.json.tmp",
            ".state.json..tmp",
            ".state.json.1a.tmp",
            ".state.json.1.tmp.bak",
            ".other.json.1.tmp",
            "state.json.1.tmp",
            ".state.json.lock",
        ];
        for name in left_over.iter().chain(&others) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join(".state.json.2.tmp")).unwrap();
        write_file(&file, "new").unwrap();
        let is_there = |name: &&str| folder.path().join(name).exists();
        assert!(!left_over.iter().any(is_there));
        assert!(others.iter().all(is_there));
        assert!(is_there(&".state.json.2.tmp"));
        assert_eq!(fs::read_to_string(file).unwrap(), "new");
    }

    #[test]
    fn a_process_that_loses_its_temporary_file_writes_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        let losses = std::cell::Cell::new(3);
        let write = |temporary: &Path| {
            write_synced(temporary, "mine")?;
            if losses.get() > 0 {
                losses.set(losses.get() - 1);
                fs::remove_file(temporary)?;
            }
            Ok(())
        };
        replace(&file, write).unwrap();
        assert_eq!(
            (&*fs::read_to_string(file).unwrap(), losses.get()),
            ("mine", 0)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_only_open_is_written_and_its_link_stays() {
        use std::os::fd::AsRawFd;

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("out"), folder.path().join("stdout"));
        let open = File::create(&file).unwrap();
        std::os::unix::fs::symlink(format!("/proc/self/fd/{}", open.as_raw_fd()), &link).unwrap();
        fs::remove_file(&file).unwrap();
        write_file(&link, "text").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(open.metadata().unwrap().len(), 4);
        assert!(!file.exists());
    }

    #[test]
    fn a_failed_write_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        fs::create_dir_all(there.join("full")).unwrap();
        let original = folder.path().join("original");
        fs::write(&original, "").unwrap();
        copy_file(&original, &there).unwrap_err();
        write_file(&there, "").unwrap_err();
        copy_file(&folder.path().join("none"), &original).unwrap_err();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}
