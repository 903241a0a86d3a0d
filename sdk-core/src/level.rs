//! The levels of `#[app]`: which keys belong where, and the messages for a key that does not.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::keys::{ENV, NAME, REQUIRES, SCALING, is_group};
use crate::parameter::{Group, Key, PARAMETERS};
use crate::problem::Problem;
use crate::requirement::{self, REQUIREMENTS};
use crate::suggest;
use crate::variable;

/// Names that other tools, and earlier versions of this one, have for keys.
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
    ("secrets", "env"),
    ("envs", "env"),
    ("environment", "env"),
];

/// A place in the attribute that has keys of its own.
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

    /// The keys of this level, in the order in which messages list them.
    fn keys(self) -> Vec<&'static str> {
        let parameters = PARAMETERS.iter().map(|parameter| parameter.key.as_str());
        let requirements = REQUIREMENTS.iter().map(|requirement| requirement.key);
        let all = [NAME].into_iter().chain(parameters).chain(requirements);
        let all = all.chain([ENV, REQUIRES, SCALING]);
        all.filter(|key| self.has(key)).collect()
    }

    /// Whether a key belongs to this level.
    pub(crate) fn has(self, key: &str) -> bool {
        let is_parameter_of =
            |group| Key::find(key).is_some_and(|key| key.parameter().group == group);
        match self {
            Self::App => key == NAME || is_group(key) || is_parameter_of(Group::Code),
            Self::Scaling => is_parameter_of(Group::Scaling),
            Self::Requires => key == ENV || requirement::find(key).is_some(),
        }
    }

    /// The level that a key belongs to.
    fn find(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.has(key))
    }

    /// An argument as it is written at this level.
    fn quote(self, argument: &str) -> String {
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

/// Whether a value is valid for a key, at whichever level.
fn takes(key: &str, value: &Value) -> bool {
    Key::find(key).is_some_and(|key| key.parameter().read(value, Place(0)).is_ok())
        || requirement::find(key).is_some_and(|requirement| requirement.read(value).is_ok())
        || (key == ENV && variable::read(value, Place(0)).is_ok())
}

/// A valid value for a key, like `value` where possible, as the attribute writes it.
fn suggestion(key: &str, value: &Value) -> Option<String> {
    let parameter = Key::find(key).map(|key| key.parameter().suggestion(value));
    let for_requirement = || requirement::find(key).map(|found| found.unit().suggestion(value));
    let for_env = || (key == ENV).then(|| variable::suggestion(value));
    parameter.or_else(for_requirement).or_else(for_env)
}

/// A valid value for a key, as the attribute writes it.
pub(crate) fn example(key: &str) -> String {
    let parameter = Key::find(key).map(|key| key.parameter().kind.example());
    parameter
        .or_else(|| requirement::find(key).map(|found| found.unit().example()))
        .or_else(|| (key == ENV).then(|| variable::EXAMPLE.into()))
        .unwrap_or_else(|| "\"llm-server\"".into())
}

/// A key that does not belong to this level: it belongs to another one, or is renamed, misspelt or
/// unknown.
pub(crate) fn wrong_key(level: Level, key: &str, value: Option<&Value>) -> Problem {
    let argument = |key: &str| {
        let value = value.and_then(|value| match takes(key, value) {
            true => Some(value.to_string()),
            false => suggestion(key, value),
        });
        format!("{key} = {}", value.unwrap_or_else(|| example(key)))
    };
    if let Some(right_level) = Level::find(key) {
        return misplaced(level, right_level, key, &argument(key));
    }
    let problem = Problem::new(format!("unknown key `{key}` in {}", level.name()));
    let all = Level::ALL.into_iter().flat_map(Level::keys);
    let renamed = RENAMED
        .iter()
        .find(|(old, _)| *old == key)
        .map(|(_, new)| *new);
    let right_key = renamed
        .or_else(|| suggest::nearest(key, level.keys()))
        .or_else(|| suggest::nearest(key, all));
    let keys = format!("keys of {} are {}", level.name(), level.keys().join(", "));
    match right_key.and_then(|right_key| Some((right_key, Level::find(right_key)?))) {
        Some((group, _)) if is_group(group) => problem.help(format!("write `{group}(...)`")),
        Some((right_key, right_level)) if right_level == level => problem
            .help(format!("write `{}`", argument(right_key)))
            .note(keys),
        Some((right_key, right_level)) => {
            let argument = right_level.quote(&argument(right_key));
            problem.help(format!("write {argument}"))
        }
        None => problem.help(keys),
    }
}

/// A key that belongs to another level.
fn misplaced(level: Level, right_level: Level, key: &str, argument: &str) -> Problem {
    let (message, why) = match (level, right_level) {
        (_, Level::Scaling) => (
            format!("`{key}` is a scaling parameter and belongs in `{SCALING}(...)`"),
            "values in `scaling(...)` apply to the first deploy; later, tuned values are kept",
        ),
        (_, Level::Requires) if key == ENV => (
            format!("`{key}` is a requirement and belongs in `{REQUIRES}(...)`"),
            "the settings of a deploy give the values; `requires(...)` says which must be there",
        ),
        (_, Level::Requires) => (
            format!("`{key}` is a requirement and belongs in `{REQUIRES}(...)`"),
            "the catalogue says what a machine has; `requires(...)` checks that it is enough",
        ),
        (_, Level::App) if is_code_parameter(key) => (
            format!(
                "`{key}` is a code parameter and does not belong in {}",
                level.name()
            ),
            "code parameters are reset on every deploy; in `scaling(...)` tuned values are kept",
        ),
        _ => (
            format!("`{key}` does not belong in {}", level.name()),
            "a group cannot be inside another group",
        ),
    };
    let problem = Problem::new(message).note(why);
    match right_level {
        Level::App if is_group(key) => {
            problem.help(format!("write `{key}(...)` directly in `#[app(...)]`"))
        }
        Level::App => problem.help(format!("write `{argument}` directly in `#[app(...)]`")),
        _ => problem.help(format!("write {}", right_level.quote(argument))),
    }
}

fn is_code_parameter(key: &str) -> bool {
    Key::find(key).is_some_and(|key| key.parameter().group == Group::Code)
}

/// A key that is given again.
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
