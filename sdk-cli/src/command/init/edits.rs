//! Files that are changed together: all of them, or none.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use machinist_deploy::write_file;
use similar::{ChangeTag, TextDiff};

use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// Changes of files, none of which is written yet.
#[derive(Default)]
pub(super) struct Edits {
    files: Vec<FileEdit>,
}

struct FileEdit {
    path: PathBuf,
    /// `None` of a new file.
    before: Option<String>,
    after: String,
    /// What is added, for the user.
    added: Vec<String>,
}

/// A file that changes.
pub(super) struct Change {
    pub(super) file: String,
    /// What is added.
    pub(super) added: Vec<String>,
    /// The difference as a unified diff.
    pub(super) diff: String,
}

impl Edits {
    /// A file's text with the changes so far; `None` if there is no such file.
    pub(super) fn text(&self, path: &Path) -> Result<Option<String>, Failure> {
        match self.files.iter().find(|file| file.path == path) {
            Some(file) => Ok(Some(file.after.clone())),
            None => read(path),
        }
    }

    /// Replaces a file's text. Lines that stay keep their line ends, and new ones get those of the
    /// file. `added` says what is new.
    pub(super) fn set(&mut self, path: &Path, text: &str, added: String) -> Result<(), Failure> {
        let index = match self.files.iter().position(|file| file.path == path) {
            Some(index) => index,
            None => {
                let before = read(path)?;
                self.files.push(FileEdit {
                    path: path.to_owned(),
                    after: before.clone().unwrap_or_default(),
                    before,
                    added: Vec::new(),
                });
                self.files.len() - 1
            }
        };
        let file = &mut self.files[index];
        file.after = with_line_ends_of(file.before.as_deref().unwrap_or_default(), text);
        file.added.push(added);
        Ok(())
    }

    /// What changes, file by file.
    pub(super) fn changes(&self) -> Vec<Change> {
        let change = |file: &FileEdit| {
            let name = relative_to_cwd(&file.path).display().to_string();
            let before = file.before.as_deref().unwrap_or_default();
            let old_name = if file.before.is_some() {
                &name
            } else {
                "/dev/null"
            };
            let diff = TextDiff::from_lines(before, &file.after);
            let diff = diff.unified_diff().header(old_name, &name).to_string();
            Change {
                file: name,
                added: file.added.clone(),
                diff,
            }
        };
        self.files.iter().map(change).collect()
    }

    /// Writes all files. If one cannot be written, those before it get their old text back.
    pub(super) fn write(&self) -> Result<(), Failure> {
        for file in &self.files {
            check_writable(&file.path)?;
        }
        for (index, file) in self.files.iter().enumerate() {
            let Err(error) = file.write() else { continue };
            let mut failure = cannot_write(&file.path, &error);
            let undone: Vec<_> = self.files[..index].iter().map(FileEdit::undo).collect();
            failure = match undone.into_iter().find_map(Result::err) {
                Some(error) => failure.note(format!("some files are changed already: {error}")),
                None => failure.note("nothing was changed"),
            };
            return Err(failure);
        }
        Ok(())
    }
}

impl FileEdit {
    /// Writes the new text, with the mode that the file has.
    fn write(&self) -> io::Result<()> {
        let mode = fs::metadata(&self.path).ok().map(|file| file.permissions());
        write_file(&self.path, &self.after)?;
        mode.map_or(Ok(()), |mode| fs::set_permissions(&self.path, mode))
    }

    fn undo(&self) -> io::Result<()> {
        match &self.before {
            Some(before) => write_file(&self.path, before),
            None => fs::remove_file(&self.path),
        }
    }
}

/// Replacing a file needs no permission to write to the file itself, so that is checked here.
fn check_writable(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(file) if file.permissions().readonly() => {
            let path = relative_to_cwd(path);
            Err(Failure::new(format!("`{}` is read-only", path.display()))
                .help("make it writable, and try again")
                .note("nothing was changed"))
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let name = relative_to_cwd(path);
            let failure = Failure::new(format!("cannot read `{}`: {error}", name.display()));
            Err(match error.kind() {
                ErrorKind::InvalidData => failure.help("save it as UTF-8"),
                _ => failure,
            })
        }
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let path = relative_to_cwd(path);
    Failure::new(format!("cannot write `{}`: {error}", path.display()))
}

/// The new text, in which lines of the old text end as they did there, and new ones as its first
/// line does.
fn with_line_ends_of(old: &str, new: &str) -> String {
    if !old.contains('\r') {
        return new.into();
    }
    let end = match old.find('\n') {
        Some(at) if old[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    };
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let (plain_old, plain_new) = (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"));
    let mut text = String::new();
    for change in TextDiff::from_lines(&*plain_old, &*plain_new).iter_all_changes() {
        match (change.tag(), change.old_index()) {
            (ChangeTag::Equal, Some(line)) => text += old_lines.get(line).unwrap_or(&""),
            (ChangeTag::Insert, _) => text += &change.value().replace('\n', end),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends() {
        let old = "a\r\nb\nc\r\n";
        let new = "a\nnew\nb\nc\nd\n";
        assert_eq!(with_line_ends_of(old, new), "a\r\nnew\r\nb\nc\r\nd\r\n");
        assert_eq!(with_line_ends_of("a\nb\n", "a\n"), "a\n");
        assert_eq!(with_line_ends_of("a\r\nb", "a\nb\nc\n"), "a\r\nb\r\nc\r\n");
    }

    #[test]
    fn a_file_that_cannot_be_written_undoes_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
        fs::write(&old, "before\n").unwrap();
        let mut edits = Edits::default();
        edits.set(&old, "after\n", String::new()).unwrap();
        edits.set(&new, "made\n", String::new()).unwrap();
        let missing = folder.path().join("no folder").join("file");
        edits.set(&missing, "text\n", String::new()).unwrap();
        let failure = edits.write().unwrap_err();
        assert!(failure.message.starts_with("cannot write `"), "{failure:?}");
        assert_eq!(failure.note, ["nothing was changed"]);
        assert_eq!(fs::read_to_string(&old).unwrap(), "before\n");
        assert!(!new.exists());
    }
}
