//! Where a state is kept: in a file, or on a ref of git.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use machinist_core::problem::Problem;

/// The name of the ref of deploys without an environment.
const DEFAULT: &str = "default";

/// Where the settings or a flag say that the state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateSetting {
    /// In this file.
    File(PathBuf),
    /// On a ref of git, in this remote or, without a name, in the project's.
    Git(Option<String>),
}

impl StateSetting {
    /// Reads `git`, `git:REMOTE` or a path. A file of such a name is written with its folder,
    /// `./git`.
    ///
    /// ```
    /// use machinist_deploy::StateSetting;
    ///
    /// assert_eq!(StateSetting::parse("git"), StateSetting::Git(None));
    /// assert_eq!(StateSetting::parse("git:upstream"), StateSetting::Git(Some("upstream".into())));
    /// assert_eq!(StateSetting::parse("./git"), StateSetting::File("./git".into()));
    /// ```
    pub fn parse(text: &str) -> Self {
        match (text, text.strip_prefix("git:")) {
            ("git", _) => Self::Git(None),
            // Without a name too: it would be a file that nobody meant.
            (_, Some(remote)) => Self::Git(Some(remote.into())),
            _ => Self::File(text.into()),
        }
    }
}

/// Where a state is kept.
///
/// ```
/// use std::path::Path;
/// use machinist_deploy::{GitRef, StateLocation};
///
/// let file = StateLocation::from(Path::new("machinist-state.json"));
/// assert_eq!(file.to_string(), "machinist-state.json");
/// let prod = GitRef { environment: Some("prod".into()), ..GitRef::in_folder("app") };
/// assert_eq!(StateLocation::Git(prod).to_string(), "refs/machinist/prod");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateLocation {
    /// In a file.
    File(PathBuf),
    /// On a ref of a remote repository of git.
    Git(GitRef),
}

/// A ref of a remote repository of git, on which a state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRef {
    /// A folder of the project's repository.
    pub folder: PathBuf,
    /// The repository's name of the remote; `None` for `origin`, or what stands for it.
    pub remote: Option<String>,
    /// The environment, if deploys go to one.
    pub environment: Option<String>,
    /// How long git may take to talk to the remote.
    pub limit: Duration,
}

impl GitRef {
    /// The ref of deploys without an environment, in the repository around this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            remote: None,
            environment: None,
            limit: crate::limits::Limits::default().answer,
        }
    }

    /// Checks that no environment has the ref of deploys without one.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self.environment.as_deref() {
            Some(DEFAULT) => Err(Problem::new(format!(
                "an environment named `{DEFAULT}` would have the state of deploys without an environment"
            ))
            .help("give it another name, or keep its state in a file")),
            _ => Ok(()),
        }
    }

    /// The last part of its name.
    pub(crate) fn name(&self) -> &str {
        self.environment.as_deref().unwrap_or(DEFAULT)
    }

    /// The ref with the state.
    pub(crate) fn state_ref(&self) -> String {
        format!("refs/machinist/{}", self.name())
    }

    /// The ref that is there while somebody changes the state. It is not below `refs/machinist`,
    /// where it could be an environment's.
    pub(crate) fn lock_ref(&self) -> String {
        format!("refs/machinist-lock/{}", self.name())
    }

    /// The ref of this clone with the newest state that it has seen.
    pub(crate) fn seen_ref(&self, remote: &str) -> String {
        format!("refs/machinist-seen/{remote}/{}", self.name())
    }
}

impl StateLocation {
    /// The file of a state, or the file in this folder that a state on a ref would have: other
    /// files of a deploy lie beside it, and are named after it.
    ///
    /// ```
    /// use std::path::Path;
    /// use machinist_deploy::{GitRef, StateLocation};
    ///
    /// let git = StateLocation::Git(GitRef::in_folder("app"));
    /// assert_eq!(git.file_in(Path::new("app")), Path::new("app/machinist-state.git.json"));
    /// ```
    pub fn file_in(&self, folder: &Path) -> PathBuf {
        let git_ref = match self {
            Self::File(path) => return path.clone(),
            Self::Git(git_ref) => git_ref,
        };
        let mut name = String::from("machinist-state");
        if let Some(environment) = &git_ref.environment {
            name += &format!(".{environment}");
        }
        name += ".git";
        if let Some(remote) = &git_ref.remote {
            name += &format!("-{}", remote.replace(['/', '\\'], "-"));
        }
        folder.join(name + ".json")
    }
}

/// A file's path, or the name of a ref.
impl fmt::Display for StateLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Git(git_ref) => f.write_str(&git_ref.state_ref()),
        }
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for StateLocation {
    fn from(path: &P) -> Self {
        Self::File(path.as_ref().to_owned())
    }
}

impl From<PathBuf> for StateLocation {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_environments_share_a_ref() {
        let named = |name: &str| GitRef {
            environment: Some(name.into()),
            ..GitRef::in_folder("")
        };
        let refs = |git_ref: &GitRef| [git_ref.state_ref(), git_ref.lock_ref()];
        let all = [named("lock"), named("prod"), GitRef::in_folder("")];
        let mut all: Vec<String> = all.iter().flat_map(refs).collect();
        for name in &all {
            // git cannot have a ref below another one.
            assert!(
                !all.iter()
                    .any(|other| other.starts_with(&format!("{name}/")))
            );
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(named("default").check().is_err());
        assert!(named("prod").check().is_ok());
    }
}
