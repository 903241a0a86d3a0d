//! Why a state cannot be used.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use machinist_core::problem::Problem;
use thiserror::Error;

use crate::state::{FILE_IN_HELP, StateError};
use crate::tool::shell_word;

/// Why a state cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process holds it.
    #[error("`{}` is in use{holder}", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Who holds it, if that is known.
        holder: String,
    },
    /// It cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It cannot be written; it is as it was before.
    #[error("cannot write `{}`: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What a killed deploy recorded does not continue the state.
    #[error("`{}`: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What it contains is not a state.
    #[error("`{}`: {error}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: StateError,
    },
    /// A state on a ref of git cannot be used.
    #[error("{}", .0.message)]
    Git(Problem),
    /// Another program changed it in spite of the lock, for instance git.
    #[error("`{}` was changed by another program in the meantime", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Locked { .. } => Some("wait until it is done, and try again"),
            Self::Read { error, .. } if error.kind() == ErrorKind::InvalidData => {
                Some("save it as UTF-8")
            }
            Self::Read { .. } => None,
            Self::Write { .. } => Some("fix this and try again: what is on record is kept"),
            Self::State { path, error } => {
                let file = shell_word(&path.display().to_string());
                return Some(error.help().replace(FILE_IN_HELP, &file));
            }
            Self::Journal { .. } => Some(
                "restore the state that the deploy was made from, or remove this file if what it \
                 says was deployed is known otherwise",
            ),
            Self::Git(problem) => return problem.help.clone(),
            Self::Changed { .. } => Some("plan again: nothing was written"),
        };
        help.map(str::to_owned)
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        Self::Git(problem)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Git(problem) => problem,
            error => Self {
                help: error.help(),
                ..Self::new(error.to_string())
            },
        }
    }
}
