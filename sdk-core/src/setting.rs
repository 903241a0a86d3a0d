//! The value of a parameter: reading it, checking it against the parameter's range, and showing it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::built_in;
use crate::json::{Object, list};
use crate::keys::PATH;
use crate::machine::MachineKind;
use crate::machine_name;
use crate::parameter::{Key, Kind, MAX_COUNT, Parameter, REGIONS};
use crate::problem::{Finding, Problem, mistyped, unknown};
use crate::text::visible;
use crate::unit::DURATION;

/// A valid value of a parameter.
///
/// ```
/// use machinist_core::attribute::{Place, Value};
/// use machinist_core::parameter::Key;
/// use machinist_core::setting::Setting;
///
/// let region = Key::Regions.parameter().read(&Value::Text("us-west".into()), Place(0));
/// assert_eq!(region, Ok(Setting::List(vec!["us-west".into()])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A count, a port, or seconds.
    Number(u32),
    /// The path of a health check.
    Path(String),
    /// Machine types or regions.
    List(Vec<String>),
}

impl Setting {
    /// The number, if it is one.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Path(_) | Self::List(_) => None,
        }
    }

    /// The path, if it is one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Path(path) => Some(path),
            Self::Number(_) | Self::List(_) => None,
        }
    }

    /// The elements of a list; none of anything else.
    pub fn list(&self) -> &[String] {
        match self {
            Self::List(list) => list,
            Self::Number(_) | Self::Path(_) => &[],
        }
    }

    /// The value as compact JSON, for records and manifests.
    ///
    /// ```
    /// use machinist_core::setting::Setting;
    ///
    /// assert_eq!(Setting::Number(300).json(), "300");
    /// assert_eq!(Setting::Path("/health".into()).json(), r#"{"path":"/health"}"#);
    /// ```
    pub fn json(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Path(path) => {
                let mut check = Object::new();
                check.text(PATH, path);
                check.end()
            }
            Self::List(texts) => list(texts.iter().map(|text| &**text)),
        }
    }

    /// The value as an attribute gives it.
    pub fn as_written(&self) -> Value {
        match self {
            Self::Number(number) => Value::Integer((*number).into()),
            Self::Path(path) => Value::Text(path.clone()),
            Self::List(texts) => {
                let element = |text: &String| (Value::Text(text.clone()), Place(0));
                Value::List(texts.iter().map(element).collect())
            }
        }
    }
}

impl Kind {
    /// What values a parameter of this kind takes, in words.
    ///
    /// ```
    /// use machinist_core::parameter::Kind;
    ///
    /// assert_eq!(Kind::Number(1, 8).takes(), "a whole number from 1 to 8");
    /// ```
    pub fn takes(&self) -> String {
        match self {
            Self::MachineTypes => "a machine type or a list of them".into(),
            Self::Number(min, max) => format!("a whole number from {min} to {max}"),
            Self::Seconds(..) => "whole seconds or a duration in `s`, `m` or `h`".into(),
            Self::Path => "a path that begins with `/`".into(),
            Self::Regions => "a region or a list of them".into(),
        }
    }

    /// A valid value, as the attribute writes it.
    ///
    /// ```
    /// use machinist_core::parameter::Kind;
    ///
    /// assert_eq!(Kind::Path.example(), r#""/health""#);
    /// ```
    pub fn example(&self) -> String {
        match self {
            Self::MachineTypes => "\"GPU-H100\"".into(),
            Self::Number(min, max) => 2.clamp(*min, *max).to_string(),
            Self::Seconds(..) => format!("{:?}", DURATION.example),
            Self::Path => "\"/health\"".into(),
            Self::Regions => format!("[{:?}]", REGIONS[0]),
        }
    }
}

impl Parameter {
    /// Reads a value. Names of machine types are not looked up in a catalogue yet.
    ///
    /// # Errors
    ///
    /// All problems of the value, each with its place.
    ///
    /// ```
    /// use machinist_core::attribute::{Place, Value};
    /// use machinist_core::parameter::Key;
    /// use machinist_core::setting::Setting;
    ///
    /// let keep_alive = Key::KeepAlive.parameter();
    /// let read = |value| keep_alive.read(&value, Place(0));
    /// assert_eq!(read(Value::Text("5m".into())), Ok(Setting::Number(300)));
    /// assert!(read(Value::Integer(-1)).is_err());
    /// ```
    pub fn read(&self, value: &Value, place: Place) -> Result<Setting, Vec<Finding>> {
        let error = |problem: Problem| Err(Vec::from([Finding { place, problem }]));
        let number = |number: i128, (min, max): (u32, u32)| match u32::try_from(number) {
            Ok(number) if (min..=max).contains(&number) => Ok(Setting::Number(number)),
            _ => error(self.out_of_range(value)),
        };
        match (self.kind, value) {
            (Kind::Number(min, max), Value::Integer(integer)) => {
                number(*integer, (min, self.highest(max)))
            }
            (Kind::Seconds(min, max), value) => {
                match read_duration(self.key.as_str(), value, (min, max)) {
                    Ok(seconds) => Ok(Setting::Number(seconds)),
                    Err(problem) => error(problem),
                }
            }
            (Kind::Path, Value::Text(path)) => match path_fault(path) {
                None => Ok(Setting::Path(path.clone())),
                Some(fault) => error(bad_path(self.key, path, fault)),
            },
            (Kind::MachineTypes | Kind::Regions, Value::Text(_)) => {
                self.read_list(&[(value.clone(), place)], place)
            }
            (Kind::MachineTypes | Kind::Regions, Value::List(elements)) => {
                self.read_list(elements, place)
            }
            _ => error(mistyped(
                self.key.as_str(),
                &self.kind.takes(),
                &self.suggestion(value),
                value,
            )),
        }
    }

    /// Checks a value from a file that somebody may have edited.
    ///
    /// # Errors
    ///
    /// The first problem of the value.
    ///
    /// ```
    /// use machinist_core::parameter::Key;
    /// use machinist_core::setting::Setting;
    ///
    /// assert!(Key::Port.parameter().check(&Setting::Number(8080)).is_ok());
    /// assert!(Key::Port.parameter().check(&Setting::Number(0)).is_err());
    /// ```
    pub fn check(&self, setting: &Setting) -> Result<(), Problem> {
        match self.read(&setting.as_written(), Place(0)) {
            Ok(_) => Ok(()),
            Err(mut findings) => Err(findings.swap_remove(0).problem),
        }
    }

    /// A value as people read it, without quotes.
    ///
    /// ```
    /// use machinist_core::parameter::Key;
    /// use machinist_core::setting::Setting;
    ///
    /// assert_eq!(Key::KeepAlive.parameter().show(&Setting::Number(300)), "5m");
    /// ```
    pub fn show(&self, setting: &Setting) -> String {
        match setting {
            Setting::Number(seconds) if matches!(self.kind, Kind::Seconds(..)) => {
                DURATION.show(*seconds)
            }
            Setting::Number(number) => number.to_string(),
            Setting::Path(path) => path.clone(),
            Setting::List(texts) if texts.is_empty() => "none".into(),
            Setting::List(texts) => texts.join(", "),
        }
    }

    fn read_list(
        &self,
        elements: &[(Value, Place)],
        place: Place,
    ) -> Result<Setting, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        if elements.is_empty() {
            findings.push(Finding {
                place,
                problem: empty_list(self),
            });
        }
        for (element, place) in elements {
            let problem = match element {
                Value::Text(text) if seen.contains(text) => duplicate_element(self, text),
                Value::Text(text) if self.kind == Kind::Regions && !REGIONS.contains(&&**text) => {
                    unknown("region", text, REGIONS)
                }
                Value::Text(text) => {
                    seen.insert(text);
                    texts.push(text.clone());
                    continue;
                }
                _ => {
                    let example = self.suggestion(element);
                    mistyped(self.key.as_str(), &self.kind.takes(), &example, element)
                }
            };
            findings.push(Finding {
                place: *place,
                problem,
            });
        }
        if findings.is_empty() {
            Ok(Setting::List(texts))
        } else {
            Err(findings)
        }
    }

    /// A valid value, as the attribute writes it: one like `value` where possible, or else an
    /// example.
    pub(crate) fn suggestion(&self, value: &Value) -> String {
        let suggestion = match (self.kind, value) {
            (Kind::Number(min, max), Value::Text(text) | Value::Number(text)) => {
                let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
                digits
                    .parse()
                    .ok()
                    .filter(|n| (min..=max).contains(n))
                    .map(|n: u32| n.to_string())
            }
            (Kind::Seconds(min, max), value) => suggest_duration(value, (min, max)),
            (Kind::MachineTypes, Value::Other(text)) => {
                let names = built_in::MACHINE_TYPES.iter().map(|machine| machine.name);
                machine_name::similar(text, names).map(|name| format!("{name:?}"))
            }
            _ => None,
        };
        suggestion.unwrap_or_else(|| self.kind.example())
    }

    /// A number outside the parameter's range.
    fn out_of_range(&self, given: &Value) -> Problem {
        let key = self.key.as_str();
        let range = match self.kind {
            Kind::Number(min, max) => format!("write a number from {min} to {max}"),
            kind => format!("write {}", kind.takes()),
        };
        let problem = Problem::new(format!("`{key}` cannot be {given}"));
        if self.key == Key::Gpus && *given == Value::Integer(0) {
            return problem
                .help(format!(
                    "{range}, or name a CPU type for an app without a GPU"
                ))
                .note(machine_name::listed(
                    built_in::of_kind(MachineKind::Cpu),
                    MachineKind::Cpu,
                ));
        }
        problem.help(range)
    }
}

/// Reads the value of `key` as a duration from `min` to `max` seconds.
///
/// # Errors
///
/// If the value is not a duration or is out of range; the problem says what to write.
///
/// ```
/// use machinist_core::attribute::Value;
/// use machinist_core::setting::read_duration;
///
/// let read = |text: &str| read_duration("run_timeout", &Value::Text(text.into()), (1, 3_600));
/// assert_eq!(read("90s"), Ok(90));
/// assert!(read("2h").is_err());
/// ```
pub fn read_duration(key: &str, value: &Value, (min, max): (u32, u32)) -> Result<u32, Problem> {
    let seconds = match value {
        Value::Integer(seconds) => u32::try_from(*seconds).ok(),
        Value::Text(text) => match DURATION.read(text) {
            Ok(seconds) => Some(seconds),
            Err(suggestion) => return Err(DURATION.problem(key, text, suggestion)),
        },
        _ => {
            let kind = Kind::Seconds(min, max);
            let suggestion = suggest_duration(value, (min, max));
            let suggestion = suggestion.unwrap_or_else(|| kind.example());
            return Err(mistyped(key, &kind.takes(), &suggestion, value));
        }
    };
    let in_range = seconds.filter(|seconds| (min..=max).contains(seconds));
    in_range.ok_or_else(|| {
        let problem = Problem::new(match value {
            Value::Integer(seconds) => format!("`{key}` cannot be {seconds} seconds"),
            _ => format!("`{key}` cannot be {value}"),
        });
        let (min, max) = (DURATION.show(min), DURATION.show(max));
        problem.help(format!("write a duration from {min} to {max}"))
    })
}

/// A valid duration like a value, as the attribute writes it.
fn suggest_duration(value: &Value, (min, max): (u32, u32)) -> Option<String> {
    let (Value::Number(text) | Value::Text(text)) = value else {
        return None;
    };
    let suggestion = DURATION.suggestion(text)?;
    let seconds = DURATION.read(&suggestion).ok()?;
    (min..=max)
        .contains(&seconds)
        .then(|| format!("{suggestion:?}"))
}

/// An empty list.
fn empty_list(parameter: &Parameter) -> Problem {
    let key = parameter.key.as_str();
    Problem::new(format!("`{key}` is empty"))
        .help(format!("write `{key} = {}`", parameter.kind.example()))
}

/// An element that is listed again.
fn duplicate_element(parameter: &Parameter, element: &str) -> Problem {
    Problem::new(format!(
        "`{}` is listed twice in `{}`",
        visible(element),
        parameter.key.as_str()
    ))
    .help("remove the second one")
}

/// Why a text is not a path of a URL.
fn path_fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("does not start with `/`");
    }
    let printable = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'`');
    if !path.bytes().all(printable) {
        return Some("has a character that a URL does not take as it is");
    }
    (path.len() > 1024).then_some("is longer than 1024 characters")
}

/// A value of `key` that is not a path, and why.
fn bad_path(key: Key, given: &str, fault: &str) -> Problem {
    let problem = Problem::new(format!("the path `{}` {fault}", visible(given)));
    let key = key.as_str();
    let with_slash = format!("/{given}");
    if path_fault(&with_slash).is_none() && !with_slash.contains("//") {
        return problem.help(format!("write `{key} = \"{with_slash}\"`"));
    }
    problem.help(format!(
        "write for instance `{key} = {}`",
        Kind::Path.example()
    ))
}

/// Checks `min_concurrency` against `max_concurrency`, or against the platform's default if `max`
/// is `None`.
///
/// # Errors
///
/// If the minimum exceeds the maximum.
///
/// ```
/// use machinist_core::setting::check_concurrency;
///
/// assert!(check_concurrency(2, Some(3)).is_ok());
/// assert!(check_concurrency(4, Some(3)).is_err());
/// assert!(check_concurrency(4, None).is_err());
/// ```
pub fn check_concurrency(min: u32, max: Option<u32>) -> Result<(), Problem> {
    let default = Key::MaxConcurrency.parameter().platform_default;
    let platform_max = default.unwrap_or(MAX_COUNT);
    if min > max.unwrap_or(platform_max) {
        return Err(min_over_max(min, max, platform_max));
    }
    Ok(())
}

/// A `min_concurrency` that exceeds `max_concurrency`.
fn min_over_max(min: u32, max: Option<u32>, platform_max: u32) -> Problem {
    match max {
        Some(max) => Problem::new(format!(
            "`min_concurrency` ({min}) exceeds `max_concurrency` ({max})"
        ))
        .help(format!("lower it, or write `max_concurrency = {min}`")),
        None => Problem::new(format!(
            "`min_concurrency` ({min}) exceeds `max_concurrency` ({platform_max}, the platform's \
             default)"
        ))
        .help(format!("add `max_concurrency = {min}` or more")),
    }
}
