//! The history of an app: its deploys, tunings and rollbacks, with time, author, commit and
//! changes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::artifact::{self, Artifact};
use crate::change::Change;
use crate::machines::{self, CustomMachine};
use crate::parameters::{Overrides, Parameters};

/// A change of an app that was carried out: a deploy, a tuning or a rollback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// What kind of change it was.
    #[serde(default, skip_serializing_if = "DeployKind::is_deploy")]
    pub kind: DeployKind,
    /// The state's serial after it.
    pub serial: u64,
    /// The time, as RFC 3339 in UTC.
    pub time: String,
    /// Who carried it out, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The commit it was deployed from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The platform's name for it, if the platform names deploys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What ran the app afterwards.
    #[serde(
        default,
        deserialize_with = "artifact::recorded",
        skip_serializing_if = "Option::is_none"
    )]
    pub artifact: Option<Artifact>,
    /// The custom machine types of the code at that time.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "machines")]
    pub machines: Vec<CustomMachine>,
    /// The code parameters afterwards.
    pub code: Parameters,
    /// The scaling parameters of the code at that time.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
    /// The tuned scaling parameters afterwards.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub overrides: Overrides,
}

/// A kind of change that was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployKind {
    /// The code was deployed.
    #[default]
    Deploy,
    /// Scaling parameters were tuned.
    Tuning,
    /// An earlier deploy was restored.
    Rollback,
}

impl DeployKind {
    fn is_deploy(&self) -> bool {
        *self == Self::Deploy
    }
}

/// The time, the author and the commit of a change.
#[derive(Clone, Debug, Default)]
pub struct DeployStamp {
    /// The state's serial after it.
    pub serial: u64,
    /// When, as RFC 3339 in UTC.
    pub time: String,
    /// Who carries it out, if that is known.
    pub by: Option<String>,
    /// The commit, if it is known.
    pub commit: Option<String>,
}

impl DeployStamp {
    /// The stamp of a change now, by nobody in particular.
    pub fn now(serial: u64, commit: Option<String>) -> Self {
        Self {
            serial,
            time: now(),
            by: None,
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
