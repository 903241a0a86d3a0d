//! How much is sent with a context.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use machinist_core::problem::Problem;

const MB: u64 = 1_000_000;

/// A context that is larger is probably a mistake, if nothing is left out of it.
const LARGE: u64 = 500 * MB;

/// The client refuses larger files.
const LARGEST_FILE: u64 = 1 << 30;

/// The sizes of what is sent, by the first folder or file of its path.
#[derive(Default)]
pub(super) struct Size {
    by_name: BTreeMap<OsString, u64>,
}

impl Size {
    /// Counts a file.
    pub(super) fn add(&mut self, path: &Path, original: &Path, size: u64) -> Result<(), Problem> {
        if size > LARGEST_FILE {
            return Err(Problem::new(format!(
                "`{}` has {}, and fal's client sends files of at most 1 GiB",
                original.display(),
                text(size)
            ))
            .help(
                "leave it out in `.dockerignore`, and fetch it with `ADD https://…` or when the \
                 app starts",
            ));
        }
        let name = path.iter().next().unwrap_or_default();
        *self.by_name.entry(name.to_owned()).or_default() += size;
        Ok(())
    }

    /// The size and where most of it is, if it is large.
    pub(super) fn if_large(&self) -> Option<String> {
        let all: u64 = self.by_name.values().sum();
        let largest = self.by_name.iter().max_by_key(|(_, size)| **size);
        let (name, size) = largest.filter(|_| all > LARGE)?;
        Some(format!(
            "{} to send, {} of it in `{}`",
            text(all),
            text(*size),
            name.to_string_lossy()
        ))
    }
}

fn text(size: u64) -> String {
    match size / MB {
        mb if mb < 1_000 => format!("{mb} MB"),
        mb => format!("{}.{} GB", mb / 1_000, mb % 1_000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_context_names_its_largest_folder() {
        let mut size = Size::default();
        let mut add = |path: &str, mb: u64| {
            let path = Path::new(path);
            size.add(path, path, mb * MB).map(|()| size.if_large())
        };
        assert_eq!(add("src/main.rs", 100).unwrap(), None);
        assert_eq!(add("models/a", 400).unwrap(), None);
        assert_eq!(
            add("models/b/c", 1_000).unwrap().as_deref(),
            Some("1.5 GB to send, 1.4 GB of it in `models`")
        );
        let problem = add("models/d", 1_100).unwrap_err();
        assert_eq!(
            problem.message,
            "`models/d` has 1.1 GB, and fal's client sends files of at most 1 GiB"
        );
    }
}
