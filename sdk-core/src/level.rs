//! The keys of `#[app]`: which belong where, and what was meant by one that does not.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::keys::{NAME, REQUIRES, SCALING, is_group};
use crate::parameter::{Group, Key, PARAMETERS};
use crate::problem::Problem;
use crate::requirement::{self, REQUIREMENTS};
use crate::suggest;

/// Keys of other tools and of other times.
const RENAMED: &[(&str, &str)] = &[
    ("num_gpus", "gpus"),
    ("gpu", "gpus"),
    ("gpu_count", "gpus"),
    ("machine_types", "machine_type"),
    ("machine", "machine_type"),
    ("machines", "machine_type"),
    ("instance_type", "machine_type"),
    ("exposed_port", "port"),
    ("readiness_probe", "health_check"),
    ("health", "health_check"),
    (
        "termination_grace_period_seconds",
        "termination_grace_period",
    ),
    ("grace_period", "termination_grace_period"),
    ("startup_timeout_seconds", "startup_timeout"),
    ("timeout", "request_timeout"),
    ("concurrency", "max_multiplexing"),
    ("container_concurrency", "max_multiplexing"),
    ("min_replicas", "min_concurrency"),
    ("max_replicas", "max_concurrency"),
    ("min_scale", "min_concurrency"),
    ("max_scale", "max_concurrency"),
    ("region", "regions"),
    ("valid_regions", "regions"),
    ("requirements", "requires"),
    ("require", "requires"),
    ("scale", "scaling"),
    ("memory", "ram"),
    ("gpu_memory", "vram"),
    ("cpu", "cpus"),
    ("cores", "cpus"),
    ("nvenc", "encoders"),
    ("nvdec", "decoders"),
];

/// Where in the attribute a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Directly in `#[app(...)]`.
    App,
    /// In `scaling(...)`.
    Scaling,
    /// In `requires(...)`.
    Requires,
}

impl Level {
    const ALL: [Self; 3] = [Self::App, Self::Scaling, Self::Requires];

    /// The keys that belong here, as messages list them.
    fn keys(self) -> Vec<&'static str> {
        let parameters = PARAMETERS.iter().map(|parameter| parameter.key.as_str());
        let requirements = REQUIREMENTS.iter().map(|requirement| requirement.key);
        let all = [NAME].into_iter().chain(parameters).chain(requirements);
        let all = all.chain([REQUIRES, SCALING]);
        all.filter(|key| self.has(key)).collect()
    }

    /// Whether a key belongs here.
    pub(crate) fn has(self, key: &str) -> bool {
        let parameter = |group| Key::find(key).is_some_and(|key| key.parameter().group == group);
        match self {
            Self::App => key == NAME || is_group(key) || parameter(Group::Code),
            Self::Scaling => parameter(Group::Scaling),
            Self::Requires => requirement::find(key).is_some(),
        }
    }

    fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.has(key))
    }

    /// How an argument is written here.
    fn write(self, argument: &str) -> String {
        match self {
            Self::App => format!("`{argument}`"),
            Self::Scaling => format!("`{SCALING}({argument})`"),
            Self::Requires => format!("`{REQUIRES}({argument})`"),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::App => "`#[app]`",
            Self::Scaling => "`scaling(...)`",
            Self::Requires => "`requires(...)`",
        }
    }
}

fn takes(key: &str, value: &Value) -> bool {
    Key::find(key).is_some_and(|key| key.parameter().read(value, Place(0)).is_ok())
        || requirement::find(key).is_some_and(|requirement| requirement.read(value).is_ok())
}

/// What was meant by a value that this key does not take, as it is written.
fn meant(key: &str, value: &Value) -> Option<String> {
    let parameter = Key::find(key).map(|key| key.parameter().meant(value));
    parameter.or_else(|| requirement::find(key).map(|found| found.unit().meant(value)))
}

/// A value of this key, as it is written.
pub(crate) fn example(key: &str) -> String {
    let parameter = Key::find(key).map(|key| key.parameter().kind.example());
    parameter
        .or_else(|| requirement::find(key).map(|found| found.unit().example()))
        .unwrap_or_else(|| "\"llm-server\"".into())
}

/// A key that does not belong where it stands: in another group, renamed, misspelt or unknown.
pub(crate) fn wrong_key(level: Level, key: &str, value: Option<&Value>) -> Problem {
    let written = |key: &str| {
        let value = value.and_then(|value| match takes(key, value) {
            true => Some(value.to_string()),
            false => meant(key, value),
        });
        format!("{key} = {}", value.unwrap_or_else(|| example(key)))
    };
    if let Some(home) = Level::of(key) {
        return misplaced(level, home, key, &written(key));
    }
    let problem = Problem::new(format!("unknown key `{key}` in {}", level.name()));
    let all = Level::ALL.into_iter().flat_map(Level::keys);
    let renamed = RENAMED
        .iter()
        .find(|(old, _)| *old == key)
        .map(|(_, new)| *new);
    let meant = renamed
        .or_else(|| suggest::nearest(key, level.keys()))
        .or_else(|| suggest::nearest(key, all));
    let keys = format!("keys of {} are {}", level.name(), level.keys().join(", "));
    match meant.and_then(|meant| Some((meant, Level::of(meant)?))) {
        Some((meant, _)) if is_group(meant) => problem.help(format!("write `{meant}(...)`")),
        Some((meant, home)) if home == level => problem
            .help(format!("write `{}`", written(meant)))
            .note(keys),
        Some((meant, home)) => problem.help(format!("write {}", home.write(&written(meant)))),
        None => problem.help(keys),
    }
}

fn misplaced(level: Level, home: Level, key: &str, written: &str) -> Problem {
    let (message, why) = match (level, home) {
        (_, Level::Scaling) => (
            format!("`{key}` is a scaling parameter and belongs in `{SCALING}(...)`"),
            "tuned values of `scaling(...)` persist; all other keys are reset on every deploy",
        ),
        (_, Level::Requires) => (
            format!("`{key}` is a requirement and belongs in `{REQUIRES}(...)`"),
            "a machine has what the catalogue says; `requires(...)` checks that it is enough",
        ),
        (_, Level::App) if is_code_parameter(key) => (
            format!(
                "`{key}` is a code parameter and does not belong in {}",
                level.name()
            ),
            "code parameters are reset on every deploy; tuned values of `scaling(...)` persist",
        ),
        _ => (
            format!("`{key}` does not belong in {}", level.name()),
            "groups do not nest",
        ),
    };
    let problem = Problem::new(message).note(why);
    match home {
        Level::App if is_group(key) => {
            problem.help(format!("write `{key}(...)` directly in `#[app(...)]`"))
        }
        Level::App => problem.help(format!("write `{written}` directly in `#[app(...)]`")),
        _ => problem.help(format!("write {}", home.write(written))),
    }
}

fn is_code_parameter(key: &str) -> bool {
    Key::find(key).is_some_and(|key| key.parameter().group == Group::Code)
}

/// A key that is given a second time.
pub(crate) fn duplicate_key(key: &str) -> Problem {
    Problem::new(format!("`{key}` is given twice")).help("keep one of them")
}

/// A key without a value, or a group where a value belongs.
pub(crate) fn missing_value(key: &str) -> Problem {
    Problem::new(format!("`{key}` needs a value")).help(format!("write `{key} = {}`", example(key)))
}

/// A value where a group belongs.
pub(crate) fn not_a_group(key: &str) -> Problem {
    let example = match key {
        SCALING => "keep_alive = \"5m\"",
        _ => "vram = \"80 GB\"",
    };
    Problem::new(format!("`{key}` is a group of keys")).help(format!("write `{key}({example})`"))
}
