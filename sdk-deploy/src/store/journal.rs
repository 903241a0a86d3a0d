//! The journal beside a state: what was done since the state was written, one app a line.
//!
//! A deploy of many apps appends a line after each app, so that a kill at any moment leaves on
//! record what is done, without writing the whole state again for every app.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::deployed::{AppState, Deployed};
use crate::file::sync_folder;
use crate::state::State;

/// The journal of a state.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// Open once a line was written.
    file: Option<File>,
}

/// One line: what is deployed of an app, after a change of this state.
#[derive(Deserialize)]
struct Line {
    lineage: String,
    /// The serial of the state that the line continues.
    serial: u64,
    /// The environment of the state.
    #[serde(default)]
    environment: Option<String>,
    target: String,
    /// Where the target is, if that is known.
    #[serde(default)]
    place: Option<String>,
    app: String,
    /// `None` if the app was deleted.
    state: Option<AppState>,
}

/// The same, borrowed.
#[derive(Serialize)]
struct LineToWrite<'a> {
    lineage: &'a str,
    serial: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    app: &'a str,
    state: Option<&'a AppState>,
}

impl Journal {
    /// The journal in this file, which need not exist.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line that continues `before`, and gives it.
    pub(super) fn append(
        &mut self,
        before: &State,
        (target, deployed): (&str, &Deployed),
        app: &str,
    ) -> io::Result<String> {
        let state = deployed.apps.get(app).filter(|state| !state.is_found);
        let line = LineToWrite {
            lineage: &before.lineage,
            serial: before.serial,
            environment: before.environment.as_deref(),
            target,
            place: deployed.place.as_deref(),
            app,
            state,
        };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = File::options().create(true).append(true).open(&self.path)?;
                // Otherwise a power cut could take the file with all its lines.
                sync_folder(&self.path)?;
                self.file.insert(file)
            }
        };
        let length = file.metadata()?.len();
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // The next line must not follow half of this one.
            let _ = file.set_len(length);
        }
        written.map(|()| text)
    }

    /// Its lines. A kill may have cut the last one: its change is not on record.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut lines = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let end = lines.iter().rposition(|byte| *byte == b'\n');
        lines.truncate(end.map_or(0, |last| last + 1));
        Ok(lines)
    }

    /// Removes it: the state has all that it says.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.file = None;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The state with all lines that continue it.
///
/// # Errors
///
/// The reason why they continue another one.
pub(super) fn replay(lines: &[u8], state: Option<State>) -> Result<Option<State>, String> {
    let lines = lines.split_inclusive(|byte| *byte == b'\n');
    let lines: Result<Vec<Line>, _> = lines.map(serde_json::from_slice).collect();
    apply(
        lines.map_err(|error| format!("it is damaged: {error}"))?,
        state,
    )
}

/// Whether lines go on from this state, which has none of them.
pub(super) fn continues(lines: &[u8], state: Option<&State>) -> bool {
    let Ok(first) = first_line(lines) else {
        return false;
    };
    match state {
        Some(state) => (&first.lineage, first.serial) == (&state.lineage, state.serial),
        None => first.serial == 0,
    }
}

/// The apps that lines are about.
pub(super) fn apps_of(lines: &[u8]) -> Vec<String> {
    let lines = lines.split_inclusive(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    let apps: BTreeSet<String> = lines.map(|line| line.app).collect();
    apps.into_iter().collect()
}

fn first_line(lines: &[u8]) -> serde_json::Result<Line> {
    let first = lines.split(|byte| *byte == b'\n').next();
    serde_json::from_slice(first.unwrap_or_default())
}

/// An app whose last line the state does not have.
fn not_in<'l>(lines: &'l [Line], state: &State) -> Option<&'l str> {
    let last = lines.iter();
    let last = last.map(|line| ((&*line.target, &*line.app), line.state.as_ref()));
    let last: BTreeMap<_, _> = last.collect();
    let differs = |((target, app), recorded): &((&str, &str), Option<&AppState>)| {
        let target = state.targets.get(*target);
        target.and_then(|target| target.apps.get(*app)) != *recorded
    };
    let found = last.into_iter().find(differs);
    found.map(|((_, app), _)| app)
}

fn apply(lines: Vec<Line>, state: Option<State>) -> Result<Option<State>, String> {
    let Some(first) = lines.first() else {
        return Ok(state);
    };
    let mut state = state.unwrap_or_else(|| State {
        lineage: first.lineage.clone(),
        ..State::of_environment(first.environment.as_deref())
    });
    if state.lineage != first.lineage || state.serial < first.serial {
        return Err(format!(
            "it continues another state (lineage {}, serial {})",
            first.lineage, first.serial
        ));
    }
    if state.serial > first.serial {
        // The state was written after it, and a kill left it.
        return match not_in(&lines, &state) {
            None => Ok(Some(state)),
            Some(app) => Err(format!(
                "it records a change of `{app}` that the state with the serial {} does not have",
                state.serial
            )),
        };
    }
    for line in lines {
        let deployed = state.targets.entry(line.target).or_default();
        deployed.place = line.place.or(deployed.place.take());
        match line.state {
            Some(app) => deployed.apps.insert(line.app, app),
            None => deployed.apps.remove(&line.app),
        };
    }
    state.serial += 1;
    Ok(Some(state))
}
