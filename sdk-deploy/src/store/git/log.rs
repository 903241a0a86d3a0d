//! The log of a state's ref.

use machinist_core::problem::Problem;

use super::message;
use super::state_ref::StateRef;

/// What the subject of a commit begins with while a change is carried out.
pub(super) const IN_PROGRESS: &str = "in progress: ";

/// A change of a state on a ref, as its commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The commit of the ref.
    pub state_commit: String,
    /// When, as RFC 3339.
    pub time: String,
    /// What was changed.
    pub what: String,
    /// Who did it, if that is known.
    pub by: Option<String>,
    /// The commit of the code, if it is known.
    pub commit: Option<String>,
    /// The state's serial afterwards.
    pub serial: Option<u64>,
}

impl StateRef {
    /// The changes that a commit of the ref has in its history, the newest first.
    pub(super) fn log_of(&self, commit: &str) -> Result<Vec<LogEntry>, Problem> {
        let format = "--format=%H%x1f%cI%x1f%B%x1e";
        // All parents: of a ref that was rewritten and restored, both histories.
        let text = self
            .git
            .run(&["log", "--topo-order", format, commit, "--"])?;
        let entries = text.split('\u{1e}').filter_map(|entry| {
            let mut parts = entry.trim_start().splitn(3, '\u{1f}');
            let (hash, time, text) = (parts.next()?, parts.next()?, parts.next()?);
            let value = |key| message::value(text, key);
            Some(LogEntry {
                state_commit: hash.into(),
                time: time.into(),
                what: message::subject(text),
                by: value(message::BY),
                commit: value(message::COMMIT),
                serial: value(message::SERIAL).and_then(|serial| serial.parse().ok()),
            })
        });
        Ok(entries
            .filter(|entry| !entry.what.starts_with(IN_PROGRESS))
            .collect())
    }
}
