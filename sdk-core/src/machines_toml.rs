//! `machines.toml`: where it is, and how it is read.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::built_in;
use crate::custom::{ACCELERATOR, CustomMachine, DSTACK, FAL, NODE_LABELS, check_name};
use crate::figure::{self, FIGURES, Figure, Figures};
use crate::keys::NAME;
use crate::machine::MachineKind;
use crate::parameter::BUILT_IN_MAX_GPUS;
use crate::problem::{Finding, Problem, unknown};
use crate::toml::{self, Entry, Table};

/// The file's name, in the package's folder or one around it up to the workspace's.
pub const FILE: &str = "machines.toml";

const SUITS: &str = "suits";

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
    /// use machinist_core::machines_toml::read;
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
/// use machinist_core::machines_toml::{FILE, nearest};
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
/// use machinist_core::machines_toml::read;
///
/// let custom = read(
///     "[GPU-A6000]\nvram = \"48 GB\"\nram = \"60 GB\"\ncpus = 12\nbandwidth = \"768 GB/s\"\n",
/// )
/// .unwrap();
/// assert_eq!(custom[0].figures.vram_mb, 48_000);
/// ```
pub fn read(text: &str) -> Result<Vec<CustomMachine>, FileError> {
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

fn wrong<T>(at: Place, problem: Problem) -> Result<T, Finding> {
    Err(Finding { at, problem })
}

fn machine(table: &Table) -> Result<CustomMachine, Finding> {
    let name = &*table.name;
    check_name(NAME, name).or_else(|problem| wrong(table.at, problem))?;
    let built_in = built_in::find(name);
    let has_vram = table
        .entries
        .iter()
        .any(|entry| entry.key == figure::VRAM.key);
    let figures = match built_in {
        // Another size of memory: what was measured of the built-in one is not its usable part.
        Some(built_in) if has_vram => Figures {
            vram_usable_mb: None,
            ..built_in.figures
        },
        Some(built_in) => built_in.figures,
        None => unknown_figures(has_vram),
    };
    let mut machine = CustomMachine::new(name, figures);
    machine.suits = built_in.map_or("", |built_in| built_in.suits).into();
    for entry in &table.entries {
        read_entry(entry, &mut machine)?;
    }
    complete(table, &machine, built_in.is_none())?;
    Ok(machine)
}

/// A machine type of which no figure is known yet.
fn unknown_figures(is_gpu: bool) -> Figures {
    match is_gpu {
        true => Figures {
            max_gpus: BUILT_IN_MAX_GPUS,
            ..Figures::NONE
        },
        false => Figures::NONE,
    }
}

fn read_entry(entry: &Entry, machine: &mut CustomMachine) -> Result<(), Finding> {
    if let Some(figure) = figure::find(&entry.key) {
        figure.set(&mut machine.figures, amount(figure, entry)?);
        return Ok(());
    }
    match &*entry.key {
        SUITS => machine.suits = text(entry)?,
        ACCELERATOR => machine.accelerator = Some(platform_name(entry)?),
        DSTACK => machine.dstack = Some(platform_name(entry)?),
        FAL => machine.fal = Some(platform_name(entry)?),
        NODE_LABELS => machine.node_labels = labels(entry)?,
        other => return wrong(entry.key_at, unknown_key(other)),
    }
    Ok(())
}

/// The amount of a figure. None at all is an amount too, where a machine type may lack the figure.
fn amount(figure: &Figure, entry: &Entry) -> Result<u32, Finding> {
    let may_lack = !figure.presence.is_required(true);
    match figure.unit.read(figure.key, &entry.value) {
        Ok(0) if !may_lack => {
            let message = format!("`{}` must be more than 0, not `{}`", figure.key, entry.value);
            wrong(entry.value_at, Problem::new(message))
        }
        Ok(amount) => Ok(amount),
        Err(problem) => wrong(entry.value_at, problem),
    }
}

fn text(entry: &Entry) -> Result<String, Finding> {
    match &entry.value {
        Value::Text(text) if !text.is_empty() => Ok(text.clone()),
        other => wrong(entry.value_at, takes_text(&entry.key, other)),
    }
}

/// The name that a platform has for it.
fn platform_name(entry: &Entry) -> Result<String, Finding> {
    let name = text(entry)?;
    check_name(&entry.key, &name).or_else(|problem| wrong(entry.value_at, problem))?;
    Ok(name)
}

fn labels(entry: &Entry) -> Result<Vec<String>, Finding> {
    let Value::List(labels) = &entry.value else {
        return match &entry.value {
            Value::Text(_) => Ok(Vec::from([platform_name(entry)?])),
            other => wrong(entry.value_at, takes_text(NODE_LABELS, other)),
        };
    };
    let mut texts = Vec::new();
    for (label, at) in labels {
        match label {
            Value::Text(label) => {
                check_name(NODE_LABELS, label).or_else(|problem| wrong(*at, problem))?;
                texts.push(label.clone());
            }
            other => return wrong(*at, takes_text(NODE_LABELS, other)),
        }
    }
    Ok(texts)
}

fn takes_text(key: &str, given: &Value) -> Problem {
    Problem::new(format!("`{key}` takes a text, not {given}"))
}

fn unknown_key(key: &str) -> Problem {
    let figures = FIGURES.iter().map(|figure| figure.key);
    let others = [SUITS, NODE_LABELS, ACCELERATOR, DSTACK, FAL];
    let all: Vec<&str> = figures.chain(others).collect();
    unknown("key", key, &all)
}

/// Whether a machine type has the figures that its kind must have, and no others.
fn complete(table: &Table, machine: &CustomMachine, is_new: bool) -> Result<(), Finding> {
    let is_gpu = machine.figures.kind() == MachineKind::Gpu;
    let names = |key: &str| table.entries.iter().any(|entry| entry.key == key);
    let missing = FIGURES
        .iter()
        .find(|figure| is_new && figure.presence.is_required(is_gpu) && !names(figure.key));
    if let Some(figure) = missing {
        let message = format!("`{}` has no `{}`", table.name, figure.key);
        let help = format!("write `{} = {}`", figure.key, figure.unit.example());
        return wrong(table.at, Problem::new(message).help(help));
    }
    let is_of_gpu_types = |key: &str| match figure::find(key) {
        Some(figure) => figure.presence.is_of_gpu_types(),
        None => [NODE_LABELS, ACCELERATOR, DSTACK].contains(&key),
    };
    match table
        .entries
        .iter()
        .find(|entry| !is_gpu && is_of_gpu_types(&entry.key))
    {
        Some(entry) => {
            let message = format!(
                "`{}` has no GPU, and `{}` is a key of GPU types",
                table.name, entry.key
            );
            let help = match is_new {
                true => "add `vram`, or remove this key",
                false => "remove this key: a built-in CPU type stays one",
            };
            wrong(entry.key_at, Problem::new(message).help(help))
        }
        None => Ok(()),
    }
}
