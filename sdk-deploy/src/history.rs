//! The history of an app: its deploys, with time, commit and changes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use machinist_core::parameter::{Group, Key};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::parameters::{Overrides, ParameterName, Parameters};

/// A deploy that changed an app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// The state's serial after it.
    pub serial: u64,
    /// The time, as RFC 3339 in UTC.
    pub time: String,
    /// The commit it was deployed from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The platform's name for it, if the platform names deploys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The code parameters that it deployed.
    pub code: Parameters,
    /// The scaling parameters of the code at that time.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
    /// The tuned scaling parameters at that time.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub overrides: Overrides,
}

/// A parameter that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its key.
    pub parameter: ParameterName,
    /// Its value before; `None` where nothing was set.
    pub from: Option<Value>,
    /// Its value afterwards; `None` where nothing is set.
    pub to: Option<Value>,
    /// Why.
    pub why: Why,
}

impl Change {
    /// The key, if it is a scaling parameter.
    pub(crate) fn scaling_key(&self) -> Option<Key> {
        let key = self.parameter.key()?;
        (key.parameter().group == Group::Scaling).then_some(key)
    }
}

/// Why a parameter changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its value in the code changed.
    Code,
    /// Drift: it was changed outside the code.
    #[serde(alias = "put_back")]
    Drift,
    /// Its tuned value is dropped.
    Reset,
    /// It is tuned.
    Tuned,
    /// A rollback restores it.
    RolledBack,
}

/// The time and the commit of a deploy.
#[derive(Clone, Debug, Default)]
pub struct DeployStamp {
    /// The state's serial after it.
    pub serial: u64,
    /// When, as RFC 3339 in UTC.
    pub time: String,
    /// The commit, if it is known.
    pub commit: Option<String>,
}

impl DeployStamp {
    /// The stamp of a deploy now.
    pub fn now(serial: u64, commit: Option<String>) -> Self {
        Self {
            serial,
            time: now(),
            commit,
        }
    }
}

/// The time, as RFC 3339 in UTC.
pub(crate) fn now() -> String {
    rfc3339(SystemTime::now())
}

/// A wrong clock may give any time, and RFC 3339 has years of four digits: other times become the
/// nearest valid one. Deploys are ordered by serial, not by time.
fn rfc3339(time: SystemTime) -> String {
    let last = UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
    humantime::format_rfc3339_seconds(time.clamp(UNIX_EPOCH, last)).to_string()
}

/// The last second of the year 9999, from 1970 on.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_has_a_time_too() {
        let second = Duration::from_secs(1);
        let last = UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
        for (time, expected) in [
            (UNIX_EPOCH - 100 * second, "1970-01-01T00:00:00Z"),
            (UNIX_EPOCH, "1970-01-01T00:00:00Z"),
            (UNIX_EPOCH + second, "1970-01-01T00:00:01Z"),
            (last, "9999-12-31T23:59:59Z"),
            (last + second, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(time), expected);
        }
    }
}
