//! A problem with its words, and the sentences that several rules share.
//!
//! The words of an error stand beside the rule that it breaks: lower case, no final stop, what was
//! written in backticks; `help:` says what to write, `note:` gives the facts.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::attribute::{Place, Value};
use crate::suggest;
use crate::text::shown;

/// One problem.
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
    /// A problem with nothing but a message.
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

    /// Adds the name that was probably meant by `given`, or else all of them.
    ///
    /// ```
    /// use machinist_core::problem::Problem;
    ///
    /// let problem = Problem::new("no app `lmm` is deployed");
    /// let problem = problem.suggest("app", "lmm", &["llm", "router"]);
    /// assert_eq!(problem.help.unwrap(), "an app with a similar name exists: `llm`");
    /// ```
    #[must_use]
    pub fn suggest(self, what: &str, given: &str, names: &[&str]) -> Self {
        let all = format!("{what}s are {}", listed(names));
        let article = match what.starts_with(['a', 'e', 'i', 'o', 'u']) {
            true => "an",
            false => "a",
        };
        match suggest::nearest(given, names.iter().copied()) {
            Some(meant) => self
                .help(format!("{article} {what} with a similar name exists: `{meant}`"))
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

/// `a, b and c`.
pub(crate) fn names<S: AsRef<str>>(all: impl IntoIterator<Item = S>, and: &str) -> String {
    let all: Vec<S> = all.into_iter().collect();
    let mut out = String::new();
    for (i, name) in all.iter().enumerate() {
        let before = match i {
            0 => "",
            _ if i + 1 == all.len() => &format!(" {and} "),
            _ => ", ",
        };
        out.push_str(before);
        out.push_str(name.as_ref());
    }
    out
}

pub(crate) fn ticked(text: &str) -> String {
    format!("`{text}`")
}

/// A problem and where it is.
///
/// ```
/// use machinist_core::attribute::{Place, Value};
/// use machinist_core::parameter::Key;
///
/// let findings = Key::Gpus.parameter().read(&Value::Integer(0), Place(7)).unwrap_err();
/// assert_eq!(findings[0].at, Place(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub at: Place,
    /// What.
    pub problem: Problem,
}

/// A name that is none of these, with the one that was probably meant.
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
    Problem::new(format!("unknown {what} `{}`", shown(given))).suggest(what, given, names)
}

/// `names` in one line, of which very many are cut.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 40;
    let first = names[..names.len().min(MOST)].join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A value of another type than the key takes.
pub(crate) fn mistyped(key: &str, takes: &str, example: &str, given: &Value) -> Problem {
    let problem = Problem::new(format!("`{key}` takes {takes}, not `{given}`"))
        .help(format!("write `{key} = {example}`"));
    match given {
        Value::Other(_) => problem.note(
            "values are literals, since the compiler checks them as they stand; `cfg_attr` \
             chooses between variants",
        ),
        _ => problem,
    }
}
