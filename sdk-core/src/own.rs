//! A project's own machine types: `machines.toml`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::{Finding, Place, Value};
use crate::catalogue::{self, MAX_GPUS, MOST_GPUS};
use crate::entry::{self, members};
use crate::json;
use crate::machine::{MachineKind, MachineType};
use crate::problem::{self, NAME, Problem};
use crate::requirement;
use crate::text::shown;
use crate::toml::{self, Entry, Table};
use crate::unit::{decimals, scale};

/// The file's name, in the package's folder or one around it up to the workspace's.
pub const FILE: &str = "machines.toml";

/// The figures that are written as `requires(...)` has them.
const FIGURES: [&str; 7] = [
    "vram",
    "ram",
    "cpus",
    "bandwidth",
    "encoders",
    "decoders",
    "av1_encode",
];
const MAX_GPUS_KEY: &str = "max_gpus";
const SUITS: &str = "suits";
/// The key of the labels of nodes that have it.
pub const NODE_LABELS: &str = "node_labels";
/// The key of the name that SkyPilot and dstack have for its GPU.
pub const ACCELERATOR: &str = "accelerator";
/// The key of the name that the platform fal has for it.
pub const FAL: &str = "fal";
/// The most characters of a name, which Kubernetes takes for a label.
const MAX_NAME: usize = 63;

/// A machine type of the project's own.
///
/// Its texts live as long as the process, because those of the built-in ones do.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnMachine {
    /// Its figures.
    pub machine: &'static MachineType,
    /// The labels of nodes that have it.
    pub node_labels: Vec<String>,
    /// SkyPilot's name of its GPU.
    pub accelerator: Option<String>,
    /// The name that the platform fal has for it, where it is another.
    pub fal: Option<String>,
}

/// What is wrong with the file, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl FileError {
    /// The problem with its place in front.
    ///
    /// ```
    /// use machinist_core::own::read;
    ///
    /// let error = read("[GPU-A6000]\nvram = 48\n").unwrap_err();
    /// let located = error.located("machines.toml");
    /// assert!(located.message.starts_with("`machines.toml:2:8`: `vram` takes a size"));
    /// ```
    pub fn located(self, file: &str) -> Problem {
        let Self {
            line,
            column,
            problem,
        } = self;
        Problem {
            message: format!("`{file}:{line}:{column}`: {}", problem.message),
            ..problem
        }
    }
}

/// Which of these folders, from the package's outwards, has the file: the nearest, up to the first
/// that is a workspace's. Without a workspace only the package's own is looked at.
///
/// A folder is asked whether it has a file, and for the text of its Cargo.toml.
///
/// ```
/// use machinist_core::own::{FILE, nearest};
///
/// let folders = ["/w/a", "/w", "/"];
/// let cargo_toml = |folder: &&str| match *folder {
///     "/w" => "[workspace]\nmembers = [\"a\"]".into(),
///     _ => "[package]\nversion.workspace = true".into(),
/// };
/// let has = |place| move |folder: &&str, file: &str| *folder == place && file == FILE;
/// assert_eq!(nearest(folders, has("/w"), cargo_toml), Some("/w"));
/// assert_eq!(nearest(folders, has("/"), cargo_toml), None);
/// ```
pub fn nearest<F>(
    folders: impl IntoIterator<Item = F>,
    has: impl Fn(&F, &str) -> bool,
    cargo_toml: impl Fn(&F) -> String,
) -> Option<F> {
    let mut found = None;
    for (i, folder) in folders.into_iter().enumerate() {
        let is_last = has(&folder, "Cargo.lock") || is_workspace(&cargo_toml(&folder));
        if found.is_none() && has(&folder, FILE) {
            if i == 0 {
                return Some(folder);
            }
            found = Some(folder);
        }
        if is_last {
            return found;
        }
    }
    None
}

/// Whether a Cargo.toml is that of a workspace.
fn is_workspace(cargo_toml: &str) -> bool {
    cargo_toml.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("[workspace]") || line.starts_with("[workspace.")
    })
}

/// Reads the file.
///
/// # Errors
///
/// The first thing that is wrong with it.
///
/// ```
/// use machinist_core::own::read;
///
/// let own = read(
///     "[GPU-A6000]\nvram = \"48 GB\"\nram = \"60 GB\"\ncpus = 12\nbandwidth = \"768 GB/s\"\n",
/// )
/// .unwrap();
/// assert_eq!(own[0].machine.vram_mb, 48_000);
/// ```
pub fn read(text: &str) -> Result<Vec<OwnMachine>, FileError> {
    let tables = toml::read(text).map_err(|finding| placed(text, finding))?;
    let machines = tables.iter().map(machine);
    machines
        .collect::<Result<_, Finding>>()
        .map_err(|finding| placed(text, finding))
}

/// The file's tables as they stand, without a look at what they say: for the test that holds this
/// reader against one of all TOML.
#[doc(hidden)]
#[expect(clippy::type_complexity, reason = "for one test")]
pub fn tables(text: &str) -> Result<Vec<(String, Vec<(String, Value)>)>, FileError> {
    let tables = toml::read(text).map_err(|finding| placed(text, finding))?;
    let pairs = |entries: Vec<Entry>| {
        entries
            .into_iter()
            .map(|entry| (entry.key, entry.value))
            .collect()
    };
    Ok(tables
        .into_iter()
        .map(|table| (table.name, pairs(table.entries)))
        .collect())
}

fn placed(text: &str, finding: Finding) -> FileError {
    let before = text.get(..finding.at.0).unwrap_or(text);
    FileError {
        line: before.matches('\n').count() + 1,
        column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        problem: finding.problem,
    }
}

/// Checks what a machine type is called: its own name, and those under the keys `node_labels`,
/// `accelerator` and `fal`. Platforms take no others.
///
/// # Errors
///
/// When it cannot be called so.
///
/// ```
/// use machinist_core::own::{NODE_LABELS, check_name};
///
/// assert!(check_name(NODE_LABELS, "NVIDIA-RTX-A6000").is_ok());
/// assert!(check_name(NODE_LABELS, "RTX: A6000").is_err());
/// ```
pub fn check_name(key: &str, name: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_plain)
    };
    let (what, fits) = match key {
        NODE_LABELS => ("a label of nodes", is_word(name)),
        // Some are of two words.
        ACCELERATOR => ("the name of a GPU", name.split(' ').all(is_word)),
        _ => ("the name of a machine type", is_word(name)),
    };
    if fits && name.len() <= MAX_NAME {
        return Ok(());
    }
    let message = format!("`{}` cannot be {what}", shown(name));
    let help = "begin with a letter or a digit, and go on with these, `-`, `_` and `.`";
    Err(Problem::new(message).help(format!("{help}, {MAX_NAME} in all")))
}

fn wrong<T>(at: Place, problem: Problem) -> Result<T, Finding> {
    Err(Finding { at, problem })
}

fn machine(table: &Table) -> Result<OwnMachine, Finding> {
    let name = &*table.name;
    check_name(NAME, name).or_else(|problem| wrong(table.at, problem))?;
    let known = catalogue::find(name);
    let has_vram = table.entries.iter().any(|entry| entry.key == FIGURES[0]);
    let mut machine = known.copied().unwrap_or(blank(has_vram));
    let mut own = OwnMachine {
        machine: known.unwrap_or(&catalogue::MACHINE_TYPES[0]),
        node_labels: Vec::new(),
        accelerator: None,
        fal: None,
    };
    for entry in &table.entries {
        entry_of(entry, &mut machine, &mut own)?;
    }
    complete(table, &machine, known.is_some())?;
    if known.is_none() {
        machine.name = Box::leak(name.to_string().into_boxed_str());
    }
    own.machine = Box::leak(Box::new(machine));
    Ok(own)
}

/// A machine type of which no figure is known yet.
fn blank(is_gpu: bool) -> MachineType {
    MachineType {
        name: "",
        max_gpus: if is_gpu { MAX_GPUS } else { 0 },
        av1_encode: if is_gpu { None } else { Some(false) },
        suits: "",
        ..catalogue::XS
    }
}

fn entry_of(entry: &Entry, machine: &mut MachineType, own: &mut OwnMachine) -> Result<(), Finding> {
    let at = entry.value_at;
    match &*entry.key {
        key if FIGURES.contains(&key) => {
            set_figure(machine, key, figure(entry)?);
        }
        MAX_GPUS_KEY => {
            machine.max_gpus = match &entry.value {
                Value::Integer(gpus) if (1..=MOST_GPUS.into()).contains(gpus) => {
                    u32::try_from(*gpus).unwrap_or(MAX_GPUS)
                }
                other => {
                    let takes = format!("a whole number from 1 to {MOST_GPUS}");
                    let message = format!("`{MAX_GPUS_KEY}` takes {takes}, not {other}");
                    return wrong(at, Problem::new(message));
                }
            }
        }
        SUITS => machine.suits = Box::leak(text(entry)?.into_boxed_str()),
        ACCELERATOR => own.accelerator = Some(called(entry)?),
        FAL => own.fal = Some(called(entry)?),
        NODE_LABELS => {
            own.node_labels = match &entry.value {
                Value::Text(_) => Vec::from([called(entry)?]),
                Value::List(labels) => {
                    let mut texts = Vec::new();
                    for (label, at) in labels {
                        match label {
                            Value::Text(label) => {
                                check_name(NODE_LABELS, label)
                                    .or_else(|problem| wrong(*at, problem))?;
                                texts.push(label.clone());
                            }
                            other => return wrong(*at, takes_text(NODE_LABELS, other)),
                        }
                    }
                    texts
                }
                other => return wrong(at, takes_text(NODE_LABELS, other)),
            }
        }
        other => return wrong(entry.key_at, unknown_key(other)),
    }
    Ok(())
}

/// Sets one of the [`FIGURES`].
fn set_figure(machine: &mut MachineType, key: &str, figure: u32) {
    match key {
        "vram" => machine.vram_mb = figure,
        "ram" => machine.ram_mb = figure,
        "cpus" => machine.millicores = figure,
        "bandwidth" => machine.bandwidth_gb_s = figure,
        "encoders" => machine.encoders = figure,
        "decoders" => machine.decoders = figure,
        _ => machine.av1_encode = Some(figure == 1),
    }
}

/// A figure as `requires(...)` would have it; none at all is a figure too.
fn figure(entry: &Entry) -> Result<u32, Finding> {
    let Some(what) = requirement::find(&entry.key) else {
        return wrong(entry.key_at, unknown_key(&entry.key));
    };
    match (&entry.value, &*entry.key) {
        (Value::Integer(0), "encoders" | "decoders") => Ok(0),
        (value, _) => what
            .read(value)
            .or_else(|problem| wrong(entry.value_at, problem)),
    }
}

fn text(entry: &Entry) -> Result<String, Finding> {
    match &entry.value {
        Value::Text(text) if !text.is_empty() => Ok(text.clone()),
        other => wrong(entry.value_at, takes_text(&entry.key, other)),
    }
}

/// What it is called elsewhere.
fn called(entry: &Entry) -> Result<String, Finding> {
    let name = text(entry)?;
    check_name(&entry.key, &name).or_else(|problem| wrong(entry.value_at, problem))?;
    Ok(name)
}

fn takes_text(key: &str, given: &Value) -> Problem {
    Problem::new(format!("`{key}` takes a text, not {given}"))
}

fn unknown_key(key: &str) -> Problem {
    let keys = FIGURES
        .into_iter()
        .chain([MAX_GPUS_KEY, SUITS, NODE_LABELS, ACCELERATOR, FAL]);
    let all: Vec<&str> = keys.collect();
    problem::unknown("key", key, &all)
}

/// Whether a new machine type has all the figures that those of the catalogue have.
fn complete(table: &Table, machine: &MachineType, is_known: bool) -> Result<(), Finding> {
    let is_gpu = machine.kind() == MachineKind::Gpu;
    let has = |key: &str| table.entries.iter().any(|entry| entry.key == key);
    let wanted: &[&str] = match (is_known, is_gpu) {
        (true, _) => &[],
        (false, true) => &["vram", "ram", "cpus", "bandwidth"],
        (false, false) => &["ram", "cpus"],
    };
    if let Some(missing) = wanted.iter().find(|key| !has(key)) {
        let message = format!("`{}` has no `{missing}`", table.name);
        let example = problem::example(missing);
        return wrong(
            table.at,
            Problem::new(message).help(format!("write `{missing} = {example}`")),
        );
    }
    let of_gpus = [
        "bandwidth",
        "encoders",
        "decoders",
        "av1_encode",
        MAX_GPUS_KEY,
        "vram",
        NODE_LABELS,
        ACCELERATOR,
    ];
    match table
        .entries
        .iter()
        .find(|entry| !is_gpu && of_gpus.contains(&&*entry.key))
    {
        Some(entry) => {
            let message = format!("`{}` has no GPU, and `{}` is one's", table.name, entry.key);
            let help = "give it `vram` too, or leave this out";
            wrong(entry.key_at, Problem::new(message).help(help))
        }
        None => Ok(()),
    }
}

impl OwnMachine {
    /// Its entry in an app's record, as compact JSON.
    ///
    /// ```
    /// let own = machinist_core::own::read("[XXL]\nram = \"60 GB\"\ncpus = 16\n").unwrap();
    /// assert_eq!(own[0].json(), r#"{"name":"XXL","ram":60000,"cpus":16}"#);
    /// ```
    pub fn json(&self) -> String {
        let machine = self.machine;
        let mut out = format!("{{\"{NAME}\":");
        json::string(&mut out, machine.name);
        let mut raw = |key: &str, value: &str| {
            out.push(',');
            json::string(&mut out, key);
            out.push(':');
            out.push_str(value);
        };
        if machine.kind() == MachineKind::Gpu {
            raw("vram", &machine.vram_mb.to_string());
        }
        raw("ram", &machine.ram_mb.to_string());
        raw("cpus", &decimals(machine.millicores, 1_000));
        if machine.kind() == MachineKind::Gpu {
            raw("bandwidth", &machine.bandwidth_gb_s.to_string());
            raw("encoders", &machine.encoders.to_string());
            raw("decoders", &machine.decoders.to_string());
            if let Some(av1_encode) = machine.av1_encode {
                raw("av1_encode", if av1_encode { "true" } else { "false" });
            }
            raw(MAX_GPUS_KEY, &machine.max_gpus.to_string());
        }
        let quoted = |text: &str| {
            let mut quoted = String::new();
            json::string(&mut quoted, text);
            quoted
        };
        if !self.node_labels.is_empty() {
            let labels: Vec<String> = self.node_labels.iter().map(|label| quoted(label)).collect();
            raw(NODE_LABELS, &format!("[{}]", labels.join(",")));
        }
        for (key, value) in [(ACCELERATOR, &self.accelerator), (FAL, &self.fal)] {
            if let Some(value) = value {
                raw(key, &quoted(value));
            }
        }
        out.push('}');
        out
    }
}

/// The figures of a machine type as [`OwnMachine::json`] writes them; what it suits stays behind.
pub(crate) fn figures(entry: &'static str) -> Option<MachineType> {
    let mut machine = blank(members(entry).any(|(key, _)| key == FIGURES[0]));
    for (key, value) in members(entry) {
        match key {
            NAME => machine.name = entry::text(value)?,
            MAX_GPUS_KEY => machine.max_gpus = value.parse().ok()?,
            key if FIGURES.contains(&key) => set_figure(&mut machine, key, written(key, value)?),
            _ => {}
        }
    }
    Some(machine)
}

fn written(figure: &str, value: &str) -> Option<u32> {
    match figure {
        "cpus" => scale(value, 1_000),
        "av1_encode" => Some((value == "true").into()),
        _ => value.parse().ok(),
    }
}
