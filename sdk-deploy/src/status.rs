//! Whether an app answers requests: what the platform's tool is asked, and what its answer means.

use crate::deployed::AppState;
use crate::tool::ToolCommand;

/// How the platform's tool is asked whether an app answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusQuestion {
    /// The command.
    pub command: ToolCommand,
    /// Whether it is asked before a deploy too. Some tools do not name the deploy that they describe,
    /// so only a comparison shows that the old one is not taken for the new one.
    pub is_asked_before: bool,
}

/// A deployed app whose status is read.
#[derive(Clone, Copy, Debug)]
pub struct AwaitedApp<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is deployed.
    pub state: &'a AppState,
    /// The tool's answer before the deploy, if it was asked then.
    pub before: Option<&'a str>,
}

/// Whether an app answers, with what the platform says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// What was deployed last answers requests.
    Ready(String),
    /// It does not yet.
    Starting(String),
    /// It does not, and starts no more by itself.
    Failed(String),
}

impl Status {
    /// What the platform says.
    pub fn says(&self) -> &str {
        match self {
            Self::Ready(says) | Self::Starting(says) | Self::Failed(says) => says,
        }
    }
}

/// What a platform says of an app that has no runner, and needs none before its first request.
pub(crate) const STARTS_ON_REQUEST: &str = "it starts with its first request";

/// What several sources say, each text once.
pub(crate) fn joined(texts: impl IntoIterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        let text = text.trim().to_owned();
        if !text.is_empty() && !all.contains(&text) {
            all.push(text);
        }
    }
    all.join("; ")
}
