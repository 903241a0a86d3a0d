//! How long a platform's own tool may take, and the keys of the settings that say so.

use std::time::Duration;

/// The key of how long the platform's tool may take to answer.
pub(crate) const ANSWER_TIMEOUT: &str = "answer_timeout";
/// The key of how long it may take to change something.
pub(crate) const RUN_TIMEOUT: &str = "run_timeout";

/// How long a platform's own tool may take. A tool that takes longer is killed.
///
/// ```
/// use std::time::Duration;
/// use machinist_deploy::Limits;
///
/// let patient = Limits { answer: Duration::from_secs(600), ..Limits::default() };
/// assert_eq!(patient.run, Duration::from_secs(3_600));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a query; two minutes by default.
    pub answer: Duration,
    /// For a change, which may build an image; an hour by default.
    pub run: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(2 * 60),
            run: Duration::from_secs(60 * 60),
        }
    }
}
