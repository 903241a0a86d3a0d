//! Why the command cannot do what it was asked to.

use machinist_core::problem::Problem;
use machinist_deploy::{ApplyError, ManifestError, StoreError};

use crate::exit::Exit;

/// An error as the user sees it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Vec<String>,
    /// The facts.
    pub(crate) note: Vec<String>,
    /// The exit code.
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
        let failure = Self::from(error.problem);
        let left = match error.not_done.is_empty() {
            true => return failure,
            false => format!("not deployed: {}", names(&error.not_done)),
        };
        match error.done.is_empty() {
            true => failure.note(left),
            false => failure
                .note(format!("done, and on record: {}", names(&error.done)))
                .note(left),
        }
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        Problem::from(error).into()
    }
}
