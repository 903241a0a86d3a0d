//! Errors and warnings of the command.

use machinist_core::problem::Problem;
use machinist_deploy::{ApplyError, ManifestError, StoreError};
use serde::Serialize;

use crate::exit::Exit;

/// An error or a warning as the user sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// What is wrong: lower case, no final stop.
    pub(crate) message: String,
    /// What to write or do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) help: Vec<String>,
    /// The facts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) note: Vec<String>,
    /// The exit code, if it is an error.
    #[serde(skip)]
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Vec::new(),
            note: Vec::new(),
            exit: Exit::Error,
        }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note.push(note.into());
        self
    }

    #[must_use]
    pub(crate) fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            help: problem.help.into_iter().collect(),
            note: problem.note.into_iter().collect(),
            ..Self::new(problem.message)
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let mut failure = Self::from(error.first.problem);
        for other in error.others {
            failure = failure.note(format!("this failed too: {}", other.problem.message));
        }
        // Of a single app the message says enough.
        if error.not_done.is_empty() || error.done.is_empty() && error.not_done.len() == 1 {
            return failure;
        }
        if !error.done.is_empty() {
            let done = first_names(&error.done);
            failure = failure.note(format!("done and recorded in the state: {done}"));
        }
        failure.note(format!("not deployed: {}", first_names(&error.not_done)))
    }
}

/// The names, or the first of many.
fn first_names(names: &[String]) -> String {
    const MOST: usize = 20;
    let first = names.iter().take(MOST).map(|name| format!("`{name}`"));
    let first = first.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        Problem::from(error).into()
    }
}
