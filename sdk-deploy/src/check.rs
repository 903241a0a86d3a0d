//! The result of a check of what a deploy relies on.

use machinist_core::problem::Problem;
use serde::Serialize;

/// The result of a check.
///
/// ```
/// use machinist_deploy::{Check, CheckStatus};
///
/// let check = Check::error("git", "`git` is not installed").help("install it");
/// assert_eq!(check.status, CheckStatus::Error);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked.
    pub subject: String,
    /// The result.
    pub status: CheckStatus,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Whether a deploy can rely on what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// It can.
    Ok,
    /// It probably can, or that cannot be known.
    Warning,
    /// It cannot.
    Error,
}

impl Check {
    /// A check that found nothing wrong.
    pub fn ok(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(subject, CheckStatus::Ok, message)
    }

    /// A check that found what may be wrong.
    pub fn warning(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(subject, CheckStatus::Warning, message)
    }

    /// A check that found what is wrong.
    pub fn error(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(subject, CheckStatus::Error, message)
    }

    /// A check that found this problem.
    pub fn of_problem(subject: impl Into<String>, problem: Problem) -> Self {
        let mut message = problem.message;
        if let Some(note) = problem.note {
            message += &format!(" ({note})");
        }
        Self {
            help: problem.help,
            ..Self::error(subject, message)
        }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    fn new(subject: impl Into<String>, status: CheckStatus, message: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            status,
            message: message.into(),
            help: None,
        }
    }
}
