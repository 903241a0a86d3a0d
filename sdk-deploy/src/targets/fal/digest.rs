//! Digests of the files that are sent.
//!
//! They depend on paths in the context, contents, and whether a file can be run: nothing that
//! differs between two machines with the same files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;
use sha2::{Digest, Sha256};

use super::slashes::with_slashes;
use crate::file::cannot_read;
use crate::rendering::{Contents, RenderedFile};
use crate::targets::digest::hex;

/// Digests files, each once: many apps may be sent with the same.
#[derive(Default)]
pub(super) struct Digests {
    known: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
}

impl Digests {
    /// A digest of files: of their paths and contents, and unless the `Dockerfile` sets their
    /// modes, of whether they can be run.
    pub(super) fn of(&self, files: &[&RenderedFile], with_modes: bool) -> Result<String, Problem> {
        let mut all = Sha256::new();
        let mut add = |part: &[u8]| {
            // The length separates one part from the next.
            all.update((part.len() as u64).to_le_bytes());
            all.update(part);
        };
        for file in files {
            add(with_slashes(&file.path).as_bytes());
            match &file.contents {
                Contents::Text(text) => add(text.as_bytes()),
                Contents::CopyOf(original) => {
                    add(&self.of_file(original)?);
                    add(&[u8::from(with_modes && is_executable(original))]);
                }
            }
        }
        Ok(hex(all.finalize()))
    }

    fn of_file(&self, file: &Path) -> Result<Vec<u8>, Problem> {
        if let Some(known) = self.known.borrow().get(file) {
            return Ok(known.clone());
        }
        let digest = read(file)?;
        let mut known = self.known.borrow_mut();
        known.insert(file.to_owned(), digest.clone());
        Ok(digest)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Problem> {
    let cannot = |error: io::Error| cannot_read(file, &error);
    let mut digest = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, File::open(file).map_err(cannot)?);
    loop {
        let bytes = reader.fill_buf().map_err(cannot)?;
        if bytes.is_empty() {
            return Ok(digest.finalize().to_vec());
        }
        digest.update(bytes);
        let count = bytes.len();
        reader.consume(count);
    }
}

/// Other bits of a mode depend on the machine (`umask`), and mean nothing to an image.
#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(folder: &Path, with_modes: bool) -> String {
        let file = RenderedFile {
            path: Path::new("scripts").join("run.sh"),
            contents: Contents::CopyOf(folder.join("run.sh")),
        };
        Digests::default().of(&[&file], with_modes).unwrap()
    }

    #[test]
    fn a_digest_depends_on_nothing_of_the_machine() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        fs::write(one.path().join("run.sh"), "true").unwrap();
        fs::write(other.path().join("run.sh"), "true").unwrap();
        let file = File::options()
            .write(true)
            .open(other.path().join("run.sh"));
        file.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(digest(one.path(), true), digest(other.path(), true));
        fs::write(other.path().join("run.sh"), "false").unwrap();
        assert_ne!(digest(one.path(), true), digest(other.path(), true));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_can_be_run_now_is_a_change_and_other_modes_are_none() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.sh");
        fs::write(&file, "true").unwrap();
        let with_mode = |mode: u32| {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            (digest(folder.path(), true), digest(folder.path(), false))
        };
        let (plain, by_dockerfile) = with_mode(0o644);
        assert_eq!(with_mode(0o600), (plain.clone(), by_dockerfile.clone()));
        let (executable, same) = with_mode(0o755);
        assert!(executable != plain && same == by_dockerfile);
    }
}
