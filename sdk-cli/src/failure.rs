//! Errors and warnings of the command.

use machinist_core::problem::Problem;
use machinist_deploy::{ApplyError, ManifestError, StoreError};

use crate::exit::Exit;

/// An error or a warning as the user sees it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is wrong: lower case, no final stop.
    pub(crate) message: String,
    /// What to write or do.
    pub(crate) help: Vec<String>,
    /// The facts.
    pub(crate) note: Vec<String>,
    /// The exit code, if it is an error.
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
        let names = |apps: &[String]| {
            let names: Vec<String> = apps.iter().map(|app| format!("`{app}`")).collect();
            names.join(", ")
        };
        let mut failure = Self::from(error.problem);
        if error.not_done.is_empty() {
            return failure;
        }
        if !error.done.is_empty() {
            failure = failure.note(format!(
                "done and recorded in the state: {}",
                names(&error.done)
            ));
        }
        failure.note(format!("not deployed: {}", names(&error.not_done)))
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        Problem::from(error).into()
    }
}
