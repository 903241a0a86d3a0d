//! Whether a platform's tool has what it signs in with, as far as it can be seen without a network.
//! Nothing of it is read.

use std::path::PathBuf;

use crate::check::Check;

/// Where a tool finds what it signs in with.
pub(super) struct Credentials {
    /// The variables, all of a row together.
    pub(super) variables: &'static [&'static [&'static str]],
    /// The files: a variable that names the folder, the folder in the home if it is not set, the name.
    pub(super) files: &'static [(&'static str, &'static str, &'static str)],
    /// How to sign in.
    pub(super) sign_in: &'static str,
}

impl Credentials {
    /// Looks for them.
    pub(super) fn check(&self, subject: &str) -> Check {
        let mut variables = self.variables.iter();
        if let Some(row) = variables.find(|row| row.iter().all(|name| is_set(name))) {
            return Check::ok(subject, format!("`{}` is set", row.join("` and `")));
        }
        let mut files = self.files.iter().filter_map(path_of);
        match files.find(|path| path.is_file()) {
            Some(path) => Check::ok(subject, format!("`{}` is there", path.display())),
            None => Check::error(
                subject,
                "not signed in: neither a key nor a file of a login is there",
            )
            .help(self.sign_in),
        }
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn path_of((variable, folder, name): &(&str, &str, &str)) -> Option<PathBuf> {
    let folder = match std::env::var_os(variable) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
            PathBuf::from(home).join(folder)
        }
    };
    Some(folder.join(name))
}
