//! Times as people read them: `3 hours ago`.

use std::time::{Duration, SystemTime};

/// The time until which it is said how long ago it was; then the date says more.
const DAYS: u64 = 30;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A time in RFC 3339, as it is read now. A time to come is of a wrong clock, here or elsewhere, so
/// it is given as it is.
///
/// ```
/// use machinist_deploy::{DeployStamp, ago};
///
/// assert_eq!(ago(&DeployStamp::now(1, None).time), "just now");
/// assert_eq!(ago("2001-02-03T04:05:06Z"), "2001-02-03");
/// assert_eq!(ago("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
/// ```
pub fn ago(time: &str) -> String {
    before(time, SystemTime::now())
}

/// The same beside the time itself, for messages that are kept.
pub(crate) fn ago_and_time(time: &str) -> String {
    match ago(time) {
        same if same == time => same,
        ago => format!("{ago}, at {time}"),
    }
}

fn before(time: &str, now: SystemTime) -> String {
    let then = humantime::parse_rfc3339_weak(time).ok();
    let elapsed = then.and_then(|then| now.duration_since(then).ok());
    let Some(seconds) = elapsed.as_ref().map(Duration::as_secs) else {
        return time.into();
    };
    let (count, unit) = match seconds {
        0..MINUTE => return "just now".into(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ if seconds < DAYS * DAY => (seconds / DAY, "day"),
        _ => return time.split('T').next().unwrap_or(time).into(),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_far_away_as_a_person_would_say() {
        let now = humantime::parse_rfc3339("2026-03-02T12:00:00Z").unwrap();
        for (time, expected) in [
            ("2026-03-02T12:00:00Z", "just now"),
            ("2026-03-02T11:59:01Z", "just now"),
            ("2026-03-02T11:59:00Z", "1 minute ago"),
            ("2026-03-02T09:00:00Z", "3 hours ago"),
            ("2026-03-01T11:00:00Z", "1 day ago"),
            ("2026-02-01T11:00:00Z", "29 days ago"),
            ("2026-01-31T12:00:00Z", "2026-01-31"),
            // Of a clock that is wrong.
            ("2026-03-02T12:00:01Z", "2026-03-02T12:00:01Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01"),
            ("some day", "some day"),
        ] {
            assert_eq!(before(time, now), expected, "{time}");
        }
    }
}
