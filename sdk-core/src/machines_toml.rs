//! `machines.toml`: finding the file and reading it.

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

/// The file's name. It is in the package's folder, or in a folder around that one, up to the
/// workspace's.
pub const FILE: &str = "machines.toml";

const SUITS: &str = "suits";

/// A problem of the file, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FileError {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl FileError {
    /// The problem at a place of a text, given as an offset in bytes.
    pub fn at(text: &str, offset: usize, problem: Problem) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
            problem,
        }
    }

    /// The problem with file, line and column in front of its message.
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

/// The nearest folder that has the file: `folders` are the package's folder and those around it,
/// from the inside out. The search ends at the workspace's folder; in a package without a workspace
/// it looks only into the package's folder.
///
/// `has` tells whether a folder has a file, and `cargo_toml` gives the text of a folder's
/// `Cargo.toml`.
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

/// Whether a `Cargo.toml` is that of a workspace.
fn is_workspace(cargo_toml: &str) -> bool {
    cargo_toml.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("[workspace]") || line.starts_with("[workspace.")
    })
}

/// Reads the text of the file.
///
/// # Errors
///
/// The first problem of the file.
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
    let tables = toml::read(text).map_err(|finding| file_error(text, finding))?;
    let machines = tables.iter().map(machine);
    machines
        .collect::<Result<_, Finding>>()
        .map_err(|finding| file_error(text, finding))
}

/// The tables of the file, without a check of their keys: for a test that compares the parser with
/// one of all TOML.
#[doc(hidden)]
#[expect(clippy::type_complexity, reason = "for one test")]
pub fn tables(text: &str) -> Result<Vec<(String, Vec<(String, Value)>)>, FileError> {
    let tables = toml::read(text).map_err(|finding| file_error(text, finding))?;
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

/// A finding with line and column instead of an offset.
fn file_error(text: &str, finding: Finding) -> FileError {
    FileError::at(text, finding.place.0, finding.problem)
}

fn error<T>(place: Place, problem: Problem) -> Result<T, Finding> {
    Err(Finding { place, problem })
}

/// Reads the machine type of a table.
fn machine(table: &Table) -> Result<CustomMachine, Finding> {
    let name = &*table.name;
    check_name(NAME, name).or_else(|problem| error(table.name_place, problem))?;
    let built_in = built_in::find(name);
    let has_vram = table
        .entries
        .iter()
        .any(|entry| entry.key == figure::VRAM.key);
    let figures = match built_in {
        // Usable memory was measured with the built-in size of memory, and this one has another.
        Some(built_in) if has_vram => Figures {
            vram_usable_mb: None,
            ..built_in.figures
        },
        Some(built_in) => built_in.figures,
        None => unset_figures(has_vram),
    };
    let mut machine = CustomMachine::new(name, figures);
    machine.suits = built_in.map_or("", |built_in| built_in.suits).into();
    for entry in &table.entries {
        read_entry(entry, &mut machine)?;
    }
    check_keys(table, &machine, built_in.is_none())?;
    Ok(machine)
}

/// The figures of a new machine type before any is set.
fn unset_figures(is_gpu: bool) -> Figures {
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
        other => return error(entry.key_place, unknown_key(other)),
    }
    Ok(())
}

/// Reads the amount of a figure. Only a figure that machine types need not have may be 0.
fn amount(figure: &Figure, entry: &Entry) -> Result<u32, Finding> {
    let is_required = figure.presence.is_required(true);
    match figure.unit.read(figure.key, &entry.value) {
        Ok(0) if is_required => {
            let message = format!(
                "`{}` must be more than 0, not `{}`",
                figure.key, entry.value
            );
            error(entry.value_place, Problem::new(message))
        }
        Ok(amount) => Ok(amount),
        Err(problem) => error(entry.value_place, problem),
    }
}

fn text(entry: &Entry) -> Result<String, Finding> {
    match &entry.value {
        Value::Text(text) if !text.is_empty() => Ok(text.clone()),
        other => error(entry.value_place, takes_string(&entry.key, other)),
    }
}

/// Reads the name that a machine type has on a platform.
fn platform_name(entry: &Entry) -> Result<String, Finding> {
    let name = text(entry)?;
    check_name(&entry.key, &name).or_else(|problem| error(entry.value_place, problem))?;
    Ok(name)
}

fn labels(entry: &Entry) -> Result<Vec<String>, Finding> {
    let Value::List(labels) = &entry.value else {
        return match &entry.value {
            Value::Text(_) => Ok(Vec::from([platform_name(entry)?])),
            other => error(entry.value_place, takes_string(NODE_LABELS, other)),
        };
    };
    let mut texts = Vec::new();
    for (label, place) in labels {
        match label {
            Value::Text(label) => {
                check_name(NODE_LABELS, label).or_else(|problem| error(*place, problem))?;
                texts.push(label.clone());
            }
            other => return error(*place, takes_string(NODE_LABELS, other)),
        }
    }
    Ok(texts)
}

fn takes_string(key: &str, given: &Value) -> Problem {
    Problem::new(format!("`{key}` takes a string, not {given}"))
}

fn unknown_key(key: &str) -> Problem {
    let figures = FIGURES.iter().map(|figure| figure.key);
    let others = [SUITS, NODE_LABELS, ACCELERATOR, DSTACK, FAL];
    let all: Vec<&str> = figures.chain(others).collect();
    unknown("key", key, &all)
}

/// Checks that a table has all figures that a machine type of its kind must have, and no key that
/// it cannot have.
fn check_keys(table: &Table, machine: &CustomMachine, is_new: bool) -> Result<(), Finding> {
    let is_gpu = machine.figures.kind() == MachineKind::Gpu;
    let has = |key: &str| table.entries.iter().any(|entry| entry.key == key);
    let missing = FIGURES
        .iter()
        .find(|figure| is_new && figure.presence.is_required(is_gpu) && !has(figure.key));
    if let Some(figure) = missing {
        let message = format!("`{}` has no `{}`", table.name, figure.key);
        let help = format!("write `{} = {}`", figure.key, figure.unit.example());
        return error(table.name_place, Problem::new(message).help(help));
    }
    let is_gpu_only = |key: &str| match figure::find(key) {
        Some(figure) => figure.presence.is_gpu_only(),
        None => [NODE_LABELS, ACCELERATOR, DSTACK].contains(&key),
    };
    match table
        .entries
        .iter()
        .find(|entry| !is_gpu && is_gpu_only(&entry.key))
    {
        Some(entry) => {
            let message = format!(
                "`{}` has no GPU, and `{}` is a key of GPU types",
                table.name, entry.key
            );
            let help = match is_new {
                true => "add `vram`, or remove this key",
                false => "remove this key: a built-in CPU type cannot get GPUs",
            };
            error(entry.key_place, Problem::new(message).help(help))
        }
        None => Ok(()),
    }
}
