//! Every problem that an app can have, in the words that the compiler and the command show.
//!
//! Lower case, no final stop, what was written in backticks; `help:` says what to write, `note:`
//! gives the facts.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::attribute::{Place, Value};
use crate::catalogue::{self, Catalogue};
use crate::machine::{MachineKind, MachineType};
use crate::name;
use crate::parameter::{self, Group, Kind, PARAMETERS, Parameter, REGIONS};
use crate::requirement::{self, REQUIREMENTS, Required, Unit};
use crate::suggest;
use crate::text::shown;
use crate::unit::{DURATION, Quantity, SIZE};

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

fn machine_names(catalogue: &Catalogue, kind: MachineKind) -> String {
    let all: Vec<&str> = catalogue
        .of_kind(kind)
        .map(|machine| machine.name)
        .collect();
    format!("{} types are {}", kind.as_str(), all.join(", "))
}

// Machine types

/// A machine type that is not in the catalogue, with the one that was probably meant.
///
/// ```
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::problem::unknown_machine_type;
///
/// let problem = unknown_machine_type(&Catalogue::built_in(), "GPU-H10O");
/// assert_eq!(problem.message, "unknown machine type `GPU-H10O`");
/// assert!(problem.help.unwrap().contains("`GPU-H100`"));
/// ```
pub fn unknown_machine_type(catalogue: &Catalogue, given: &str) -> Problem {
    let problem = Problem::new(format!("unknown machine type `{}`", shown(given)));
    let Some(meant) = catalogue.meant(given) else {
        let (cpu, gpu) = (
            machine_names(catalogue, MachineKind::Cpu),
            machine_names(catalogue, MachineKind::Gpu),
        );
        return problem.help(gpu).note(cpu);
    };
    let name = meant.name;
    let note = machine_names(catalogue, meant.kind());
    let required = |gb: u32| [(&REQUIREMENTS[0], gb.saturating_mul(1_000))];
    let problem = match catalogue::memory_gb(given).map(required) {
        Some(required) if !requirement::meets(meant, 1, &required) => {
            let has = SIZE.show(meant.vram_mb);
            let wanted = SIZE.show(required[0].1);
            let larger = requirement::fitting(catalogue, 1, &required)
                .next()
                .map_or_else(String::new, |m| {
                    format!("; the smallest with {wanted} is `{}`", m.name)
                });
            problem.help(format!(
                "`{name}` is the one of the catalogue, with {has}{larger}"
            ))
        }
        _ => problem.help(format!(
            "a machine type with a similar name exists: `{name}`"
        )),
    };
    problem.note(note)
}

/// A CPU type and a GPU type in one list.
pub(crate) fn mixed_list(first: &MachineType, other: &MachineType, gpus: bool) -> Problem {
    let kind = |machine: &MachineType| machine.kind().as_str();
    let (a, b) = (kind(other), kind(first));
    let help = if gpus {
        let cpu = if other.kind() == MachineKind::Cpu {
            other
        } else {
            first
        };
        format!("remove `{}`: `gpus` goes with GPU types only", cpu.name)
    } else {
        format!("list {b} types only, or {a} types only")
    };
    let article = |kind| if kind == "CPU" { "a CPU" } else { "a GPU" };
    Problem::new(format!(
        "`{}` is {} type in a list that begins with {} type",
        other.name,
        article(a),
        article(b)
    ))
    .help(help)
    .note("the types of a list are tried in order, and the same app must run on each")
}

/// `gpus` on a CPU type.
pub(crate) fn gpus_on_cpu(catalogue: &Catalogue, machine: &MachineType) -> Problem {
    Problem::new(format!(
        "`{}` is a CPU type and takes no `gpus`",
        machine.name
    ))
    .help("remove `gpus`, or name a GPU type as `machine_type`")
    .note(machine_names(catalogue, MachineKind::Gpu))
}

/// More GPUs than the machine type takes.
pub(crate) fn too_many_gpus(machine: &MachineType, gpus: u32) -> Problem {
    let max = machine.max_gpus;
    Problem::new(format!(
        "`{}` takes at most {max} GPUs, not {gpus}",
        machine.name
    ))
    .help(format!("write a number from 1 to {max}"))
}

/// No `machine_type`.
pub(crate) fn missing_machine_type(catalogue: &Catalogue) -> Problem {
    Problem::new("this app names no machine type")
        .help("add `machine_type = \"...\"`, for instance `machine_type = \"GPU-H100\"`")
        .note(format!(
            "{}; {}",
            machine_names(catalogue, MachineKind::Gpu),
            machine_names(catalogue, MachineKind::Cpu)
        ))
}

/// A machine type that misses a requirement.
pub(crate) fn requirement_missed(
    catalogue: &Catalogue,
    machine: &MachineType,
    gpus: u32,
    required: &[Required],
    missed: &[Required],
) -> Problem {
    let name = machine.name;
    let with = gpu_count(gpus);
    let lack = |&(what, amount): &Required| {
        let has = what.describe(what.figure(machine, gpus));
        let adds_up = what.figure(machine, gpus) != what.figure(machine, 1);
        let with = if adds_up { &*with } else { "" };
        let wants = if has == "no GPU" {
            what.describe(amount)
        } else {
            what.show(amount)
        };
        format!("has {has}{with}, and this app requires {wants}")
    };
    let mut lacks = missed.iter().map(lack);
    let first = lacks.next().unwrap_or_default();
    let mut notes: Vec<String> = lacks.map(|lack| format!("it also {lack}")).collect();
    if missed.iter().any(|(what, _)| what.key == "encoders") && machine.encoders == 0 {
        notes.push(format!(
            "on `{name}` video is encoded in software on the CPU"
        ));
    }
    if machine.av1_encode.is_none() && missed.iter().any(|(what, _)| what.unit == Unit::Flag) {
        notes.push(format!(
            "the catalogue does not list AV1 encode for `{name}`"
        ));
    }
    let problem = Problem::new(format!("`{name}` {first}"))
        .help(what_fits(catalogue, machine, gpus, required, missed));
    if notes.is_empty() {
        problem
    } else {
        problem.note(notes.join("; "))
    }
}

fn gpu_count(gpus: u32) -> String {
    if gpus > 1 {
        format!(" with {gpus} GPUs")
    } else {
        String::new()
    }
}

/// Which machine types meet the requirements, and how many GPUs would do.
fn what_fits(
    catalogue: &Catalogue,
    machine: &MachineType,
    gpus: u32,
    required: &[Required],
    missed: &[Required],
) -> String {
    let all: Vec<&MachineType> = requirement::fitting(catalogue, gpus.max(1), required).collect();
    let same: Vec<&MachineType> = all
        .iter()
        .copied()
        .filter(|other| other.kind() == machine.kind())
        .collect();
    let fitting = if same.is_empty() { all } else { same };
    let more = requirement::with_more_gpus(machine, gpus, required);
    let more = more.map(|gpus| format!("`{}` with `gpus = {gpus}`", machine.name));
    let one_of_many =
        matches!(missed, [(what, 1)] if what.unit == Unit::Count) && required.len() == 1;
    match (&*fitting, more) {
        (fitting, _) if one_of_many && fitting.len() > 1 => {
            let fitting = fitting.iter().map(|other| ticked(other.name));
            format!("{} have one", names(fitting, "and"))
        }
        ([smallest, ..], more) => {
            let or = more.map_or_else(String::new, |more| format!(", and so does {more}"));
            let with = gpu_count(gpus);
            format!(
                "`{}` is the smallest machine type that does{with}{or}",
                smallest.name
            )
        }
        ([], Some(more)) => format!("{more} does"),
        ([], None) => match smallest_with_more_gpus(catalogue, gpus, required) {
            Some((other, gpus)) => format!("`{}` with `gpus = {gpus}` does", other.name),
            None => format!(
                "no machine type of the catalogue does, with up to {} GPUs: lower the requirement",
                catalogue::MAX_GPUS
            ),
        },
    }
}

fn smallest_with_more_gpus(
    catalogue: &Catalogue,
    gpus: u32,
    required: &[Required],
) -> Option<(&'static MachineType, u32)> {
    let with_more = |machine| {
        requirement::with_more_gpus(machine, gpus.max(1), required).map(|gpus| (machine, gpus))
    };
    catalogue
        .machines()
        .iter()
        .copied()
        .filter_map(with_more)
        .min_by_key(|(_, gpus)| *gpus)
}

/// A warning: a machine type far larger than the requirements ask for. It is shown behind
/// "use of deprecated constant `_::larger_than_required`:".
pub(crate) fn larger_than_required(
    machine: &MachineType,
    smallest: &MachineType,
    gpus: u32,
) -> Problem {
    let size = |machine: &MachineType| SIZE.show(machine.with_gpus(gpus).vram_mb);
    Problem::new(format!(
        "`{}` has {} of VRAM{}, and `{}` with {} meets `requires`",
        machine.name,
        size(machine),
        gpu_count(gpus),
        smallest.name,
        size(smallest),
    ))
    .help(format!(
        "write `machine_type = \"{}\"`, or `#[allow(deprecated)]` on the item if it is meant so",
        smallest.name
    ))
}

// Keys

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

/// The key that names an app.
pub const NAME: &str = "name";
/// The key of the group of scaling parameters.
pub const SCALING: &str = "scaling";
/// The group of requirements.
pub(crate) const REQUIRES: &str = "requires";

/// Whether a key is followed by keys of its own, in parentheses.
///
/// ```
/// use machinist_core::problem::is_group;
///
/// assert!(is_group("scaling") && !is_group("gpus"));
/// ```
pub fn is_group(key: &str) -> bool {
    matches!(key, SCALING | REQUIRES)
}

/// Where in the attribute a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
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
        let parameters = PARAMETERS.iter().map(|parameter| parameter.key);
        let requirements = REQUIREMENTS.iter().map(|requirement| requirement.key);
        let all = [NAME].into_iter().chain(parameters).chain(requirements);
        let all = all.chain([REQUIRES, SCALING]);
        all.filter(|key| self.has(key)).collect()
    }

    /// Whether a key belongs here.
    pub(crate) fn has(self, key: &str) -> bool {
        let parameter =
            |group| parameter::find(key).is_some_and(|parameter| parameter.group == group);
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
    parameter::find(key).is_some_and(|parameter| parameter.read(value, Place(0)).is_ok())
        || requirement::find(key).is_some_and(|requirement| requirement.read(value).is_ok())
}

/// What was meant by a value that this key does not take, as it is written.
fn meant(key: &str, value: &Value) -> Option<String> {
    let parameter = parameter::find(key).map(|parameter| parameter.meant(value));
    parameter.or_else(|| requirement::find(key).map(|requirement| requirement.meant(value)))
}

/// A value of this key, as it is written.
pub(crate) fn example(key: &str) -> String {
    let parameter = parameter::find(key).map(|parameter| parameter.kind.example());
    parameter
        .or_else(|| requirement::find(key).map(requirement::Requirement::example))
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
            "what stands in `scaling(...)` persists when it is tuned; all else is reset on deploy",
        ),
        (_, Level::Requires) => (
            format!("`{key}` is a requirement and belongs in `{REQUIRES}(...)`"),
            "a machine has what the catalogue says; `requires(...)` checks that it is enough",
        ),
        (_, Level::App) if find_is_code(key) => (
            format!(
                "`{key}` is a code parameter and does not belong in {}",
                level.name()
            ),
            "code parameters are reset on every deploy; what stands in `scaling(...)` persists",
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

fn find_is_code(key: &str) -> bool {
    parameter::find(key).is_some_and(|parameter| parameter.group == Group::Code)
}

/// A key for the second time.
pub(crate) fn duplicate_key(key: &str) -> Problem {
    Problem::new(format!("`{key}` is given twice")).help("keep one of them")
}

/// A key with nothing behind it, or a group where a value belongs.
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

// Values

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

/// A number outside the parameter's range.
pub(crate) fn out_of_range(parameter: &Parameter, given: &Value) -> Problem {
    let key = parameter.key;
    let range = match parameter.kind {
        Kind::Seconds(min, max) => {
            format!(
                "write a duration from {} to {}",
                DURATION.show(min),
                DURATION.show(max)
            )
        }
        Kind::Number(min, max) => format!("write a number from {min} to {max}"),
        kind => format!("write {}", kind.takes()),
    };
    let problem = Problem::new(match (parameter.kind, given) {
        (Kind::Seconds(..), Value::Integer(seconds)) => {
            format!("`{key}` cannot be {seconds} seconds")
        }
        _ => format!("`{key}` cannot be {given}"),
    });
    if key == parameter::GPUS && *given == Value::Integer(0) {
        return problem
            .help(format!(
                "{range}, or name a CPU type for an app without a GPU"
            ))
            .note(machine_names(&Catalogue::built_in(), MachineKind::Cpu));
    }
    problem.help(range)
}

/// A size, bandwidth or duration that cannot be read.
pub(crate) fn bad_quantity(
    key: &str,
    quantity: &Quantity,
    given: &str,
    instead: Option<String>,
) -> Problem {
    let units = names(quantity.units.iter().map(|(name, _)| ticked(name)), "or");
    let example = instead.as_deref().unwrap_or(quantity.example);
    let problem = Problem::new(format!(
        "`{key}` takes {} in {units}, not `{}`",
        quantity.what,
        shown(given)
    ))
    .help(format!("write `{key} = \"{example}\"`"));
    let note = quantity.note(given);
    if note.is_empty() {
        problem
    } else {
        problem.note(note)
    }
}

/// An amount of nothing, or less.
pub(crate) fn requires_nothing(key: &str, given: &Value) -> Problem {
    Problem::new(format!("`{key}` must be more than 0, not `{given}`"))
        .help(format!("remove `{key}` if nothing is required"))
}

/// A list of nothing.
pub(crate) fn empty_list(parameter: &Parameter) -> Problem {
    let key = parameter.key;
    Problem::new(format!("`{key}` lists nothing"))
        .help(format!("write `{key} = {}`", parameter.kind.example()))
}

/// An element for the second time.
pub(crate) fn duplicate_element(parameter: &Parameter, element: &str) -> Problem {
    Problem::new(format!(
        "`{}` stands twice in `{}`",
        shown(element),
        parameter.key
    ))
    .help("remove the second one")
}

/// A region that the platform does not have.
pub(crate) fn unknown_region(given: &str) -> Problem {
    unknown("region", given, REGIONS)
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
    let problem = Problem::new(format!("unknown {what} `{}`", shown(given)));
    let all = format!("{what}s are {}", names.join(", "));
    match suggest::nearest(given, names.iter().copied()) {
        Some(meant) => problem
            .help(format!("a {what} with a similar name exists: `{meant}`"))
            .note(all),
        None => problem.help(all),
    }
}

/// A path that is none.
pub(crate) fn bad_path(key: &str, given: &str, fault: &str) -> Problem {
    let problem = Problem::new(format!("the path `{}` {fault}", shown(given)));
    let meant = format!("/{given}");
    if parameter::path_fault(&meant).is_none() && !meant.contains("//") {
        return problem.help(format!("write `{key} = \"{meant}\"`"));
    }
    problem.help(format!(
        "write for instance `{key} = {}`",
        Kind::Path.example()
    ))
}

/// A minimum over its maximum.
pub(crate) fn min_over_max(min: u32, max: Option<u32>, platform_max: u32) -> Problem {
    match max {
        Some(max) => Problem::new(format!(
            "`min_concurrency` is {min}, over `max_concurrency`, {max}"
        ))
        .help(format!("lower it, or write `max_concurrency = {min}`")),
        None => Problem::new(format!(
            "`min_concurrency` is {min}, over the platform's default `max_concurrency`, \
             {platform_max}"
        ))
        .help(format!("add `max_concurrency = {min}` or more")),
    }
}

// Names

/// A name that is no DNS label.
pub(crate) fn bad_name(given: &str) -> Problem {
    let problem =
        Problem::new(format!("the name `{}` is not a DNS label", shown(given))).note(rule());
    match suggested_name(given) {
        Some(name) => problem.help(format!("write `name = \"{name}\"`")),
        None => problem.help("write for instance `name = \"llm-server\"`"),
    }
}

/// An item whose name makes no DNS label.
pub(crate) fn no_name_from_item(item: &str) -> Problem {
    let problem = Problem::new(format!("no app name can be made of `{item}`")).note(rule());
    match suggested_name(item) {
        Some(name) => problem.help(format!("add `name = \"{name}\"`")),
        None => problem.help("add for instance `name = \"llm-server\"`"),
    }
}

fn rule() -> String {
    format!(
        "a name is 1 to {} characters of `a-z`, `0-9` and `-`, with no `-` at either end",
        name::MAX_LENGTH
    )
}

fn suggested_name(given: &str) -> Option<String> {
    if !given.is_ascii() {
        return None;
    }
    let kebab = name::kebab_case(given);
    let cut: String = kebab
        .trim_start_matches('-')
        .chars()
        .take(name::MAX_LENGTH)
        .collect();
    let cut = cut.trim_end_matches('-');
    name::is_dns_label(cut).then(|| cut.to_string())
}
