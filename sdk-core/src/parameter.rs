//! The parameters of an app: one table with every key, its range and its meaning, from which the
//! typed structs of the running program are made too.
//!
//! Source of meanings, defaults and of which parameters persist: the platform's documentation
//! and client.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::{Finding, Place, Value};
use crate::entry;
use crate::problem::{self, Problem};
use crate::unit::{DURATION, Quantity};

/// The longest duration, a week in seconds: more is a typing error.
pub const MAX_SECONDS: u32 = 7 * 24 * 3_600;

/// The highest count: more is a typing error.
pub const MAX_COUNT: u32 = 100_000;

/// The regions that the platform's client accepts.
pub const REGIONS: &[&str] = &["us-west", "us-central", "us-east", "eu-north", "eu-west"];

/// Declares the keys that other code names, each with what it is for.
macro_rules! keys {
    ($($(#[doc = $doc:literal])* $name:ident = $key:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: &str = $key;)*

        /// The keys above, for the test that each is a parameter's.
        #[cfg(test)]
        pub(crate) const KEYS: &[&str] = &[$($name),*];
    };
}

keys! {
    /// The key that every app has.
    MACHINE_TYPE = "machine_type";
    /// The key that GPU types have.
    GPUS = "gpus";
    /// The key of the requests that a runner handles at a time.
    MAX_MULTIPLEXING = "max_multiplexing";
    /// The key of the time to start in.
    STARTUP_TIMEOUT = "startup_timeout";
    /// The key of the port that is served.
    PORT = "port";
    /// The key of the path that answers when a runner is healthy.
    HEALTH_CHECK = "health_check";
    /// The key of the time to finish requests in.
    TERMINATION_GRACE_PERIOD = "termination_grace_period";
    /// The key of the time that an idle runner stays.
    KEEP_ALIVE = "keep_alive";
    /// The key of the runners that are always kept.
    MIN_CONCURRENCY = "min_concurrency";
    /// The key of the most runners.
    MAX_CONCURRENCY = "max_concurrency";
    /// The key of the runners beyond demand.
    CONCURRENCY_BUFFER = "concurrency_buffer";
    /// The key of the runners beyond demand, in percent.
    CONCURRENCY_BUFFER_PERC = "concurrency_buffer_perc";
    /// The key of the time before a runner is added.
    SCALING_DELAY = "scaling_delay";
    /// The key of the time for a request.
    REQUEST_TIMEOUT = "request_timeout";
    /// The key of the time that a request waits.
    REQUEST_START_TIMEOUT = "request_start_timeout";
    /// The key of the regions to run in.
    REGIONS_KEY = "regions";
}

/// Who owns a parameter once the app is deployed.
///
/// ```
/// use machinist_core::parameter::{Group, find};
///
/// assert_eq!(find("keep_alive").unwrap().group, Group::Scaling);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The code: reset on every deploy.
    Code,
    /// The running app: the code gives the first deploy's values, what was tuned persists.
    Scaling,
}

/// What values a parameter takes. Ranges include both ends.
///
/// ```
/// use machinist_core::parameter::{Kind, find};
///
/// assert_eq!(find("port").unwrap().kind, Kind::Number(1, 65_535));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The name of a machine type, or a list of them.
    MachineTypes,
    /// A whole number.
    Number(u32, u32),
    /// Seconds as a whole number, or a duration.
    Seconds(u32, u32),
    /// The path of a URL.
    Path,
    /// A region, or a list of them.
    Regions,
}

/// One parameter.
///
/// ```
/// use machinist_core::parameter::find;
///
/// assert!(find("min_concurrency").unwrap().doc.contains("always kept"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// The key in the attribute and in the manifest.
    pub key: &'static str,
    /// Who owns it.
    pub group: Group,
    /// What it takes.
    pub kind: Kind,
    /// What the platform uses where nobody sets it; `None` where that is nothing.
    pub platform_default: Option<u32>,
    /// What it means.
    pub doc: &'static str,
}

/// A parameter's value, checked.
///
/// ```
/// use machinist_core::attribute::{Place, Value};
/// use machinist_core::parameter::{Setting, find};
///
/// let region = find("regions").unwrap().read(&Value::Text("us-west".into()), Place(0));
/// assert_eq!(region, Ok(Setting::List(vec!["us-west".into()])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A count, a port, or seconds.
    Number(u32),
    /// A path.
    Text(String),
    /// Machine types or regions.
    List(Vec<String>),
}

macro_rules! parameters {
    (
        always { $($(#[doc = $head_doc:literal])* $head:ident: $head_kind:expr;)* }
        $($(#[doc = $group_doc:literal])* $struct:ident $group:ident {
            $($(#[doc = $doc:literal])* $key:ident: $type:ty, $kind:expr, $default:expr;)*
        })*
    ) => {
        /// Every parameter, in the order of the manifest.
        ///
        /// ```
        /// use machinist_core::parameter::{PARAMETERS, Group};
        ///
        /// assert_eq!(PARAMETERS[0].key, "machine_type");
        /// assert!(PARAMETERS.iter().any(|parameter| parameter.group == Group::Scaling));
        /// ```
        pub const PARAMETERS: &[Parameter] = &[
            $(Parameter {
                key: stringify!($head),
                group: Group::Code,
                kind: $head_kind,
                platform_default: None,
                doc: trim(concat!($($head_doc),*)),
            },)*
            $($(Parameter {
                key: stringify!($key),
                group: Group::$group,
                kind: $kind,
                platform_default: $default,
                doc: trim(concat!($($doc),*)),
            },)*)*
        ];

        $($(#[doc = $group_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $struct {
            $($(#[doc = $doc])* pub $key: Option<$type>,)*
        }

        impl $struct {
            /// Nothing set.
            pub const NONE: Self = Self { $($key: None,)* };

            /// Sets a parameter to its value in an entry; `None` where it is none of these.
            pub(crate) fn set(&mut self, key: &str, value: &'static str) -> Option<()> {
                match key {
                    $(stringify!($key) => self.$key = Some(entry::Read::read(value)?),)*
                    _ => return None,
                }
                Some(())
            }
        })*
    };
}

const fn trim(doc: &'static str) -> &'static str {
    doc.trim_ascii()
}

parameters! {
    always {
        /// The machine type, or a list of them that is tried in order; required.
        machine_type: Kind::MachineTypes;
        /// GPUs per runner; 1 where a GPU type has none written, an error on CPU types.
        gpus: Kind::Number(1, crate::catalogue::MAX_GPUS);
    }

    /// The code parameters beside `machine_type` and `gpus`, where the code sets them: they are
    /// reset on every deploy.
    CodeParameters Code {
        /// Requests that one runner handles at a time; the code must be written for it.
        max_multiplexing: u32, Kind::Number(1, MAX_COUNT), Some(1);
        /// Seconds allowed for start-up.
        startup_timeout: u32, Kind::Seconds(1, MAX_SECONDS), Some(600);
        /// The TCP port that the app serves on.
        port: u16, Kind::Number(1, 65_535), None;
        /// The path that answers when a runner is healthy.
        health_check: &'static str, Kind::Path, None;
        /// Seconds a runner has to finish its requests before it is stopped.
        termination_grace_period: u32, Kind::Seconds(0, MAX_SECONDS), None;
    }

    /// The scaling parameters, where the code sets them: the first deploy's values. What is tuned
    /// on the running app persists.
    ScalingParameters Scaling {
        /// Seconds that an idle runner stays after its last request.
        keep_alive: u32, Kind::Seconds(0, MAX_SECONDS), Some(10);
        /// Runners that are always kept.
        min_concurrency: u32, Kind::Number(0, MAX_COUNT), Some(0);
        /// The most runners.
        max_concurrency: u32, Kind::Number(1, MAX_COUNT), Some(2);
        /// Runners kept beyond demand; takes precedence over `min_concurrency` when higher.
        concurrency_buffer: u32, Kind::Number(0, MAX_COUNT), Some(0);
        /// Runners kept beyond demand, in percent of the current volume; the larger of the two
        /// buffers applies.
        concurrency_buffer_perc: u32, Kind::Number(0, 1_000), Some(0);
        /// Seconds to wait before a runner is added.
        scaling_delay: u32, Kind::Seconds(0, MAX_SECONDS), Some(0);
        /// Seconds for one request.
        request_timeout: u32, Kind::Seconds(1, MAX_SECONDS), Some(3_600);
        /// Seconds that a request waits for a runner to start on it.
        request_start_timeout: u32, Kind::Seconds(1, MAX_SECONDS), None;
        /// The regions it may run in.
        regions: &'static [&'static str], Kind::Regions, None;
    }
}

/// The parameter of this key.
///
/// ```
/// assert_eq!(machinist_core::parameter::find("keep_alive").unwrap().platform_default, Some(10));
/// ```
pub fn find(key: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.key == key)
}

/// Checks that there are no more runners to keep than there may be.
///
/// # Errors
///
/// `min` over `max`, or over the platform's default where `max` is not set.
///
/// ```
/// use machinist_core::parameter::check_concurrency;
///
/// assert!(check_concurrency(2, Some(3)).is_ok());
/// assert!(check_concurrency(4, Some(3)).is_err());
/// assert!(check_concurrency(4, None).is_err());
/// ```
pub fn check_concurrency(min: u32, max: Option<u32>) -> Result<(), Problem> {
    let default = find(MAX_CONCURRENCY).and_then(|parameter| parameter.platform_default);
    let platform_max = default.unwrap_or(MAX_COUNT);
    if min > max.unwrap_or(platform_max) {
        return Err(problem::min_over_max(min, max, platform_max));
    }
    Ok(())
}

impl Kind {
    /// What it takes, in words.
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

    /// A value that it takes, as it is written.
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
            Self::Seconds(..) => quoted(&DURATION),
            Self::Path => "\"/health\"".into(),
            Self::Regions => format!("[{:?}]", REGIONS[0]),
        }
    }
}

fn quoted(quantity: &Quantity) -> String {
    format!("{:?}", quantity.example)
}

impl Parameter {
    /// Reads a value. Machine types are taken as written: the catalogue's rules come after.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the value, each at its own place.
    ///
    /// ```
    /// use machinist_core::attribute::{Place, Value};
    /// use machinist_core::parameter::{Setting, find};
    ///
    /// let keep_alive = find("keep_alive").unwrap();
    /// let read = |value| keep_alive.read(&value, Place(0));
    /// assert_eq!(read(Value::Text("5m".into())), Ok(Setting::Number(300)));
    /// assert!(read(Value::Integer(-1)).is_err());
    /// ```
    pub fn read(&self, value: &Value, at: Place) -> Result<Setting, Vec<Finding>> {
        let wrong = |problem: Problem| Err(Vec::from([Finding { at, problem }]));
        let number = |number: i128, (min, max): (u32, u32)| match u32::try_from(number) {
            Ok(number) if (min..=max).contains(&number) => Ok(Setting::Number(number)),
            _ => wrong(problem::out_of_range(self, value)),
        };
        match (self.kind, value) {
            (Kind::Number(min, max) | Kind::Seconds(min, max), Value::Integer(integer)) => {
                number(*integer, (min, self.most(max)))
            }
            (Kind::Seconds(min, max), Value::Text(text)) => match DURATION.read(text) {
                Ok(seconds) => number(seconds.into(), (min, max)),
                Err(instead) => wrong(problem::bad_quantity(self.key, &DURATION, text, instead)),
            },
            (Kind::Path, Value::Text(path)) => match path_fault(path) {
                None => Ok(Setting::Text(path.clone())),
                Some(fault) => wrong(problem::bad_path(self.key, path, fault)),
            },
            (Kind::MachineTypes | Kind::Regions, Value::Text(_)) => {
                self.read_list(&[(value.clone(), at)], at)
            }
            (Kind::MachineTypes | Kind::Regions, Value::List(elements)) => {
                self.read_list(elements, at)
            }
            _ => wrong(problem::mistyped(
                self.key,
                &self.kind.takes(),
                &self.meant(value),
                value,
            )),
        }
    }

    /// The highest number that is taken where the range ends here: the machine types that a
    /// project adds may take more GPUs than the built-in ones.
    ///
    /// ```
    /// use machinist_core::parameter::find;
    ///
    /// assert_eq!(find("gpus").unwrap().most(8), 64);
    /// assert_eq!(find("port").unwrap().most(65_535), 65_535);
    /// ```
    pub fn most(&self, end: u32) -> u32 {
        match self.key {
            GPUS => crate::catalogue::MOST_GPUS,
            _ => end,
        }
    }

    fn read_list(&self, elements: &[(Value, Place)], at: Place) -> Result<Setting, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        if elements.is_empty() {
            findings.push(Finding {
                at,
                problem: problem::empty_list(self),
            });
        }
        for (element, at) in elements {
            let problem = match element {
                Value::Text(text) if known.contains(text) => problem::duplicate_element(self, text),
                Value::Text(text) if self.kind == Kind::Regions && !is_region(text) => {
                    problem::unknown_region(text)
                }
                Value::Text(text) => {
                    known.insert(text);
                    texts.push(text.clone());
                    continue;
                }
                _ => {
                    let example = self.meant(element);
                    problem::mistyped(self.key, &self.kind.takes(), &example, element)
                }
            };
            findings.push(Finding { at: *at, problem });
        }
        if findings.is_empty() {
            Ok(Setting::List(texts))
        } else {
            Err(findings)
        }
    }

    /// What was meant by a value that is not taken, or else the kind's example.
    pub(crate) fn meant(&self, value: &Value) -> String {
        let meant = match (self.kind, value) {
            (Kind::Number(min, max), Value::Text(text) | Value::Number(text)) => {
                let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
                digits
                    .parse()
                    .ok()
                    .filter(|n| (min..=max).contains(n))
                    .map(|n: u32| n.to_string())
            }
            (Kind::Seconds(..), Value::Number(text) | Value::Text(text)) => {
                let meant = DURATION.meant(text).map(Value::Text);
                let is_taken = |value: &Value| self.read(value, Place(0)).is_ok();
                meant.filter(is_taken).map(|value| value.to_string())
            }
            (Kind::MachineTypes, Value::Other(text)) => {
                crate::catalogue::meant(text).map(|machine| format!("{:?}", machine.name))
            }
            _ => None,
        };
        meant.unwrap_or_else(|| self.kind.example())
    }
}

fn is_region(text: &str) -> bool {
    REGIONS.contains(&text)
}

/// What is wrong with a path.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("does not begin with `/`");
    }
    let printable = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'`');
    if !path.bytes().all(printable) {
        return Some("has a character that a URL does not take as it is");
    }
    (path.len() > 1024).then_some("is longer than 1024 characters")
}

#[cfg(test)]
mod tests {
    use super::{KEYS, PARAMETERS};

    #[test]
    fn the_keys_are_those_of_the_parameters() {
        assert!(
            KEYS.iter()
                .copied()
                .eq(PARAMETERS.iter().map(|parameter| parameter.key))
        );
    }
}
