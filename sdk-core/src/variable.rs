//! The names of environment variables: `requires(env = ["HF_TOKEN"])`, and those of the settings.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::keys::ENV;
use crate::problem::{Finding, Problem, mistyped};
use crate::text::visible;

/// What the key means.
pub const DOC: &str = "Environment variables that a deploy must give the app.";

/// What the key takes, in words.
pub const TAKES: &str = "the name of an environment variable or a list of them";

/// A valid value, as the attribute writes it.
pub const EXAMPLE: &str = "[\"HF_TOKEN\"]";

/// Whether a text is a name that every platform takes.
///
/// ```
/// use machinist_core::variable::is_name;
///
/// assert!(is_name("HF_TOKEN") && is_name("_x1"));
/// assert!(!is_name("HF-TOKEN") && !is_name("1X") && !is_name(""));
/// ```
pub fn is_name(text: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_first) && text.chars().all(|c| is_first(c) || c.is_ascii_digit())
}

/// Checks a name.
///
/// # Errors
///
/// What is wrong with it, and what was probably meant.
///
/// ```
/// use machinist_core::variable::check_name;
///
/// assert!(check_name("HF_TOKEN").is_ok());
/// let problem = check_name("HF-TOKEN").unwrap_err();
/// assert_eq!(problem.help.unwrap(), "write `\"HF_TOKEN\"`");
/// ```
pub fn check_name(text: &str) -> Result<(), Problem> {
    if is_name(text) {
        return Ok(());
    }
    let similar = similar(text);
    // What follows a `=` is a value, and may be secret.
    let problem = match (text.split_once('='), &similar) {
        (Some(_), Some(name)) => Problem::new(format!(
            "a value is given with the name of the environment variable `{name}`"
        )),
        (Some(_), None) => Problem::new("a value is given in place of an environment variable"),
        (None, _) => Problem::new(format!(
            "invalid name of an environment variable: `{}`",
            visible(text)
        )),
    };
    let rule = match text.contains('=') {
        true => "only the name stands here, without its value",
        false => "a name has letters, digits and `_`, and does not begin with a digit",
    };
    Err(match similar {
        Some(name) => problem.help(format!("write `\"{name}\"`")).note(rule),
        None => problem.help(rule),
    })
}

/// The name that was probably meant; `None` if the text has no letter.
fn similar(text: &str) -> Option<String> {
    let (name, _) = text.split_once('=').unwrap_or((text, ""));
    let name = name.trim_matches(|c: char| c.is_whitespace() || "${}\"'".contains(c));
    if !name.contains(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    Some(match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    })
}

/// Reads the value of `env`: one name or a list of them.
///
/// # Errors
///
/// All problems of the value, each with its place.
///
/// ```
/// use machinist_core::attribute::{Place, Value};
/// use machinist_core::variable::read;
///
/// let name = |name: &str| Value::Text(name.into());
/// assert_eq!(read(&name("HF_TOKEN"), Place(0)).unwrap(), ["HF_TOKEN"]);
/// assert!(read(&name("HF-TOKEN"), Place(0)).is_err());
/// ```
pub fn read(value: &Value, place: Place) -> Result<Vec<String>, Vec<Finding>> {
    let error = |problem: Problem| Err(Vec::from([Finding { place, problem }]));
    match value {
        Value::Text(_) => read_list(&[(value.clone(), place)]),
        Value::List(elements) if elements.is_empty() => error(
            Problem::new(format!("`{ENV}` is empty"))
                .help(format!("for instance, write `{ENV} = {EXAMPLE}`")),
        ),
        Value::List(elements) => read_list(elements),
        _ => error(mistyped(ENV, TAKES, &suggestion(value), value)),
    }
}

fn read_list(elements: &[(Value, Place)]) -> Result<Vec<String>, Vec<Finding>> {
    let mut names: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    for (element, place) in elements {
        let problem = match element {
            Value::Text(name) if names.contains(name) => {
                Problem::new(format!("`{}` is listed twice in `{ENV}`", visible(name)))
                    .help("remove the second one")
            }
            Value::Text(name) => match check_name(name) {
                Ok(()) => {
                    names.push(name.clone());
                    continue;
                }
                Err(problem) => problem,
            },
            Value::Other(text) if is_name(text) => {
                not_a_text(element).help(format!("write `{text:?}`"))
            }
            _ => not_a_text(element).help("write the name of an environment variable in quotes"),
        };
        findings.push(Finding {
            place: *place,
            problem,
        });
    }
    match findings.is_empty() {
        true => Ok(names),
        false => Err(findings),
    }
}

fn not_a_text(element: &Value) -> Problem {
    Problem::new(format!(
        "`{ENV}` lists names of environment variables, not `{element}`"
    ))
}

/// A valid value, as the attribute writes it: one like `value` where possible, or else an example.
pub(crate) fn suggestion(value: &Value) -> String {
    let name = match value {
        Value::Text(text) | Value::Other(text) => similar(text),
        _ => None,
    };
    name.map_or_else(|| EXAMPLE.into(), |name| format!("[{name:?}]"))
}
