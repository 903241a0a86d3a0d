//! The journal beside a state: what was done since the state was written, one app a line.
//!
//! A deploy of many apps appends a line after each app, so that a kill at any moment leaves on
//! record what is done, without writing the whole state again for every app.

use std::collections::BTreeMap;
use std::ffi::OsString;
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
    /// The journal beside a state's file.
    pub(super) fn beside(state_file: &Path) -> Self {
        let mut name = OsString::from(".");
        name.push(state_file.file_name().unwrap_or_default());
        name.push(".journal");
        Self {
            path: state_file.with_file_name(name),
            file: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line that continues `before`.
    pub(super) fn append(
        &mut self,
        before: &State,
        (target, deployed): (&str, &Deployed),
        app: &str,
    ) -> io::Result<()> {
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
        written
    }

    /// The state with all lines that continue it; `Err` with the reason if they continue another.
    pub(super) fn replay(&self, state: Option<State>) -> io::Result<Result<Option<State>, String>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(state)),
            Err(error) => return Err(error),
        };
        // A kill may have cut the last line: its change is not on record.
        let lines = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"));
        let lines: Result<Vec<Line>, _> = lines.map(serde_json::from_slice).collect();
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => return Ok(Err(format!("it is damaged: {error}"))),
        };
        Ok(apply(lines, state))
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
