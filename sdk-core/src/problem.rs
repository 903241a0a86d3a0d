//! What an error message consists of, and the messages that several rules share.
//!
//! Any other message is written beside the rule that it reports. Messages are in lower case,
//! without a final stop, and quote what was written in backticks; `help:` says what to write,
//! `note:` gives the facts.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::attribute::{Place, Value};
use crate::suggest;
use crate::text::visible;

/// An error message in three parts.
///
/// ```
/// use machinist_core::problem::Problem;
///
/// let problem = Problem::new("no runner").help("add one").note("there is none");
/// assert_eq!(problem.to_string(), "no runner\nhelp: add one\nnote: there is none");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: Option<String>,
    /// The facts.
    pub note: Option<String>,
}

impl Problem {
    /// A problem without help or note.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            note: None,
        }
    }

    /// Adds what to write.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// Adds the facts.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..self
        }
    }

    /// Adds the one of `names` that is nearest to `given`, or else all of them, if there are any.
    ///
    /// ```
    /// use machinist_core::problem::Problem;
    ///
    /// let problem = Problem::new("no app `lmm` is deployed");
    /// let problem = problem.suggest("app", "lmm", &["llm", "router"]);
    /// assert_eq!(problem.help.unwrap(), "an app with a similar name exists: `llm`");
    ///
    /// let problem = Problem::new("no remote `up`").suggest("remote", "up", &[]);
    /// assert_eq!(problem.help, None);
    /// ```
    #[must_use]
    pub fn suggest(self, what: &str, given: &str, names: &[&str]) -> Self {
        if names.is_empty() {
            return self;
        }
        let plural = match what.strip_suffix("ry") {
            Some(stem) => format!("{stem}ries"),
            None => format!("{what}s"),
        };
        let all = format!("{plural} are {}", first_names(names, 40));
        let article = match what.starts_with(['a', 'e', 'i', 'o', 'u']) {
            true => "an",
            false => "a",
        };
        match suggest::nearest(given, names.iter().copied()) {
            Some(similar) => self
                .help(format!(
                    "{article} {what} with a similar name exists: `{similar}`"
                ))
                .note(all),
            None => self.help(all),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (label, text) in [("help", &self.help), ("note", &self.note)] {
            if let Some(text) = text {
                write!(f, "\n{label}: {text}")?;
            }
        }
        Ok(())
    }
}

impl core::error::Error for Problem {}

/// `a, b and c`, where the conjunction is `and`.
///
/// ```
/// assert_eq!(machinist_core::problem::joined(["a", "b", "c"], "and"), "a, b and c");
/// ```
pub fn joined<S: AsRef<str>>(items: impl IntoIterator<Item = S>, conjunction: &str) -> String {
    let items: Vec<S> = items.into_iter().collect();
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        let before = match i {
            0 => "",
            _ if i + 1 == items.len() => &format!(" {conjunction} "),
            _ => ", ",
        };
        out.push_str(before);
        out.push_str(item.as_ref());
    }
    out
}

pub(crate) fn in_backticks(text: &str) -> String {
    format!("`{text}`")
}

/// A problem and its place.
///
/// ```
/// use machinist_core::attribute::{Place, Value};
/// use machinist_core::parameter::Key;
///
/// let findings = Key::Gpus.parameter().read(&Value::Integer(0), Place(7)).unwrap_err();
/// assert_eq!(findings[0].place, Place(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where the problem is.
    pub place: Place,
    /// What is wrong.
    pub problem: Problem,
}

/// A name that is not one of `names`, with the nearest of them.
///
/// ```
/// use machinist_core::problem::unknown;
///
/// let problem = unknown("target", "fall", &["file", "fal"]);
/// assert_eq!(problem.message, "unknown target `fall`");
/// assert_eq!(problem.help.unwrap(), "a target with a similar name exists: `fal`");
/// assert_eq!(problem.note.unwrap(), "targets are file, fal");
/// ```
pub fn unknown(what: &str, given: &str, names: &[&str]) -> Problem {
    Problem::new(format!("unknown {what} `{}`", visible(given))).suggest(what, given, names)
}

/// The names on one line: at most this many of them, and how many more there are.
///
/// ```
/// use machinist_core::problem::first_names;
///
/// assert_eq!(first_names(&["a", "b", "c"], 2), "a, b and 1 more");
/// assert_eq!(first_names(&["a", "b"], 2), "a, b");
/// ```
pub fn first_names(names: &[impl AsRef<str>], most: usize) -> String {
    let first: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let first = first.join(", ");
    match names.len().saturating_sub(most) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A value whose type the key does not take.
pub(crate) fn mistyped(key: &str, takes: &str, example: &str, given: &Value) -> Problem {
    let problem = Problem::new(format!("`{key}` takes {takes}, not `{given}`"))
        .help(format!("write `{key} = {example}`"));
    match given {
        Value::Other(_) => problem.note(
            "values are literals, because `#[app]` is checked before constants have values; \
             `cfg_attr` chooses between variants",
        ),
        _ => problem,
    }
}
