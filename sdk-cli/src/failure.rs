//! Errors and warnings of the command.

use machinist_core::problem::{Problem, first_names};
use machinist_deploy::{ApplyError, ManifestError, StoreError};
use serde::Serialize;

use crate::exit::Exit;

/// An error or a warning as the user sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

    /// What is wrong with the arguments, in clap's words: paragraphs, the first of which says it.
    pub(crate) fn of_arguments(text: &str) -> Self {
        let mut paragraphs = text.split("\n\n").map(str::trim);
        let first = paragraphs.next().unwrap_or_default();
        Self {
            help: paragraphs.map(str::to_owned).collect(),
            ..Self::new(first.trim_start_matches("error: "))
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
            let done = quoted(&error.done);
            failure = failure.note(format!("done and recorded in the state: {done}"));
        }
        failure.note(format!("not deployed: {}", quoted(&error.not_done)))
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    first_names(&names, 20)
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        Problem::from(error).into()
    }
}
