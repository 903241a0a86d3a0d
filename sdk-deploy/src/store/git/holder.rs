//! Who holds the lock of a state on a ref.

use std::fmt;
use std::fs;
use std::hash::{BuildHasher, RandomState};

use super::super::change_note::ChangeNote;
use super::message;
use crate::history::now;

/// Who holds the lock of a state on a ref, as the lock's commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The lock's commit.
    pub(crate) commit: String,
    /// What is done.
    pub what: String,
    /// Who does it, if that is known.
    pub by: Option<String>,
    /// The name of the machine.
    pub host: String,
    /// The number of the process.
    pub process: String,
    /// When the lock was taken, as RFC 3339.
    pub since: String,
    /// When its holder last changed something, as RFC 3339.
    pub last_seen: String,
    /// What the lock is recognized by.
    pub(super) token: String,
}

const HOST: &str = "Host";
const PROCESS: &str = "Process";
const SINCE: &str = "Since";
const LAST_SEEN: &str = "Last-seen";
const TOKEN: &str = "Token";

impl Holder {
    /// This process.
    pub(super) fn new(note: &ChangeNote) -> Self {
        let process = std::process::id();
        let time = now();
        Self {
            commit: String::new(),
            what: note.what.clone(),
            by: note.by.clone(),
            host: host_name(),
            process: process.to_string(),
            since: time.clone(),
            last_seen: time,
            token: format!("{:016x}", RandomState::new().hash_one(process)),
        }
    }

    /// The message of the lock's commit.
    pub(super) fn message(&self) -> String {
        let by = self.by.as_deref().unwrap_or_default();
        message::write(
            &self.what,
            &[
                (message::BY, by),
                (HOST, &self.host),
                (PROCESS, &self.process),
                (SINCE, &self.since),
                (LAST_SEEN, &now()),
                (TOKEN, &self.token),
            ],
        )
    }

    /// Reads the message of a commit; `None` if the lock was released.
    pub(super) fn read(commit: &str, text: &str) -> Option<Self> {
        let value = |key| message::value(text, key);
        Some(Self {
            commit: commit.into(),
            what: message::subject(text),
            by: value(message::BY),
            host: value(HOST).unwrap_or_default(),
            process: value(PROCESS).unwrap_or_default(),
            since: value(SINCE).unwrap_or_default(),
            last_seen: value(LAST_SEEN).unwrap_or_default(),
            token: value(TOKEN)?,
        })
    }
}

/// As in "in use by …".
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.by.as_deref().unwrap_or("somebody");
        let (host, process, since) = (&self.host, &self.process, &self.since);
        write!(f, "{by} on {host}, process {process}, since {since}")?;
        if !self.what.is_empty() {
            write!(f, " ({})", self.what)?;
        }
        Ok(())
    }
}

/// The name of this machine.
pub(super) fn host_name() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let variable = || std::env::var("COMPUTERNAME").or_else(|_| std::env::var("HOSTNAME"));
    let name = kernel.or_else(|| variable().ok()).unwrap_or_default();
    match name.trim() {
        "" => "an unknown host".into(),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_read_as_it_was_written() {
        let holder = Holder::new(&ChangeNote {
            what: "deploy\nto fal".into(),
            by: Some("alice".into()),
            commit: None,
        });
        let read = Holder::read("abc", &holder.message()).unwrap();
        let expected = Holder {
            commit: "abc".into(),
            what: "deploy to fal".into(),
            last_seen: read.last_seen.clone(),
            ..holder
        };
        assert_eq!(read, expected);
        assert_eq!(Holder::read("abc", "free\n"), None);
    }
}
