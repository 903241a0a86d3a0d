//! The journal beside a state: what was done since the state was written, one app a line.
//!
//! A deploy of many apps appends a line after each app, so that a kill at any moment leaves on
//! record what is done, without writing the whole state again for every app.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::deployed::AppState;
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
    target: String,
    app: String,
    /// `None` if the app was deleted.
    state: Option<AppState>,
}

/// The same, borrowed.
#[derive(Serialize)]
struct LineToWrite<'a> {
    lineage: &'a str,
    serial: u64,
    target: &'a str,
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
        target: &str,
        app: &str,
        state: Option<&AppState>,
    ) -> io::Result<()> {
        let line = LineToWrite {
            lineage: &before.lineage,
            serial: before.serial,
            target,
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
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(state)),
            Err(error) => return Err(error),
        };
        // A kill may have cut the last line: its change is not on record.
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let lines: Result<Vec<Line>, _> = lines.map(serde_json::from_str).collect();
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

fn apply(lines: Vec<Line>, state: Option<State>) -> Result<Option<State>, String> {
    let Some(first) = lines.first() else {
        return Ok(state);
    };
    let mut state = state.unwrap_or_else(|| State {
        lineage: first.lineage.clone(),
        ..State::new()
    });
    if state.lineage != first.lineage || state.serial < first.serial {
        return Err(format!(
            "it continues another state (lineage {}, serial {})",
            first.lineage, first.serial
        ));
    }
    if state.serial > first.serial {
        // The state was written after it, and a kill left it.
        return Ok(Some(state));
    }
    for line in lines {
        let apps = &mut state.targets.entry(line.target).or_default().apps;
        match line.state {
            Some(app) => apps.insert(line.app, app),
            None => apps.remove(&line.app),
        };
    }
    state.serial += 1;
    Ok(Some(state))
}
