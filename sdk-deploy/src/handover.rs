//! Handing over to the platform's own tool.

use std::fmt;

use machinist_core::problem::Problem;

use crate::limits::Limits;
use crate::tool::ToolCommand;

/// What is known at once, or read out of an answer of the platform's tool.
pub enum Handover<T> {
    /// It is known.
    Known(T),
    /// The tool is asked first.
    Ask(Question<T>),
}

/// A question to the platform's tool, and how its answer is read.
pub struct Question<T> {
    /// The command.
    pub command: ToolCommand,
    read: Reader<T>,
}

type Reader<T> = Box<dyn Fn(&str) -> Result<T, Problem>>;

impl<T> Handover<T> {
    pub(crate) fn ask(
        command: ToolCommand,
        read: impl Fn(&str) -> Result<T, Problem> + 'static,
    ) -> Self {
        let read = Box::new(read);
        Self::Ask(Question { command, read })
    }

    /// What it is; the tool is asked if need be.
    ///
    /// # Errors
    ///
    /// When the tool fails, or its answer does not have it.
    pub fn find(self, limits: Limits) -> Result<T, Problem> {
        match self {
            Self::Known(known) => Ok(known),
            Self::Ask(question) => (question.read)(&question.command.read(limits)?),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Handover<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(known) => f.debug_tuple("Known").field(known).finish(),
            Self::Ask(question) => f.debug_tuple("Ask").field(&question.command).finish(),
        }
    }
}

/// The URL of an app, as the platform gives it.
pub(crate) fn checked_url(app: &str, url: Option<&str>) -> Result<String, Problem> {
    let url = url.map(str::trim).filter(|url| !url.is_empty());
    let Some(url) = url else {
        let problem = Problem::new(format!("`{app}` has no URL yet"));
        return Err(problem.help("wait until it answers, as `deploy --wait` does"));
    };
    let is_web = ["http://", "https://"]
        .iter()
        .any(|start| url.starts_with(start));
    match is_web && !url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        true => Ok(url.into()),
        false => Err(Problem::new(format!("`{url}` is no URL of the web"))
            .note(format!("it is what the platform says of `{app}`"))),
    }
}
