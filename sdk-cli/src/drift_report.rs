//! Drift of all that is deployed, as `plan --drift-only` prints it.

use std::path::PathBuf;

use machinist_deploy::{AppDrift, Change, Deployed, Plan, Target, What, Why};
use serde::Serialize;
use serde_json::Value;

use crate::args::globals::Format;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::markdown::{LONGEST, code, escape, head, row};
use crate::markdown_view::{About, add_warnings, document};
use crate::output::{Line, Look, Output};
use crate::plan_report::Place;

/// The version of the JSON document.
const DRIFT_VERSION: u32 = 1;

/// What is not on the platform as it was deployed.
#[derive(Serialize)]
pub(crate) struct DriftReport<'a> {
    drift_version: u32,
    #[serde(flatten)]
    place: Place<'a>,
    /// The apps that differ.
    apps: Vec<AppDrift>,
    /// How many apps are deployed.
    deployed_apps: usize,
    /// Files of the target that do not say what is deployed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale_files: Vec<PathBuf>,
}

impl<'a> DriftReport<'a> {
    /// Compares what is recorded with what the platform has now.
    pub(crate) fn new(
        destination: &'a Destination,
        target: &dyn Target,
        recorded: &Deployed,
        now: &'a Deployed,
    ) -> Result<Self, Failure> {
        let mut no_change = Plan::default();
        if let Some(folder) = target.folder() {
            let rendering = target.deploy(&no_change, recorded)?;
            // Before the first deploy there is no file.
            if !recorded.apps.is_empty() {
                no_change.find_stale_files(&rendering, folder);
            }
        }
        let own = destination.own_deployed(recorded);
        Ok(Self {
            drift_version: DRIFT_VERSION,
            place: destination.place(target, now),
            apps: own.drift(now),
            deployed_apps: own.names().len(),
            stale_files: no_change.stale_files,
        })
    }

    /// The same of these apps alone; of all if there are none.
    pub(crate) fn of_apps(mut self, names: &[String]) -> Self {
        if !names.is_empty() {
            self.apps.retain(|app| names.contains(&app.name));
            self.deployed_apps = names.len();
        }
        self
    }

    /// Whether something differs.
    pub(crate) fn has_drift(&self) -> bool {
        !self.apps.is_empty() || !self.stale_files.is_empty()
    }

    pub(crate) fn print(&self, output: &Output) -> Result<(), Failure> {
        match output.format {
            Format::Text => output.lines(&self.lines()),
            Format::Json => output.json(self),
            Format::Markdown => output.data(&self.markdown(&output.warnings())),
        }
    }

    fn summary(&self) -> String {
        let (all, apps) = (self.deployed_apps, self.apps.len());
        let of = match all {
            1 => "1 deployed app".to_owned(),
            _ => format!("{all} deployed apps"),
        };
        let files = match self.stale_files.len() {
            0 => String::new(),
            1 => ", and 1 file differs".into(),
            files => format!(", and {files} files differ"),
        };
        let differ = if apps == 1 { "differs" } else { "differ" };
        match apps {
            0 => format!("no drift of {of}{files}"),
            _ => format!("{apps} of {of} {differ} from what was deployed{files}"),
        }
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for app in &self.apps {
            let head = Line::default().with(Look::Bold, app.name.clone());
            lines.push(match app.is_lost {
                true => head.with(Look::Bad, "  is not on the platform".into()),
                false => head,
            });
            let width = app.changes.iter().map(|change| change.what.as_str().len());
            let width = width.max().unwrap_or(0);
            lines.extend(app.changes.iter().map(|change| {
                let text = format!("{} -> {}  ({})", was(change), is(change), why(change.why));
                let what = format!("    {:<width$}  ", change.what.as_str());
                Line::default()
                    .with(Look::Plain, what)
                    .with(Look::Notable, text)
            }));
        }
        lines.extend(self.stale_files.iter().map(|file| {
            let text = format!("{}  differs from what is deployed", file.display());
            Line::default().with(Look::Notable, text)
        }));
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let summary = format!("{}: {}", self.place, self.summary());
        lines.push(Line::default().with(Look::Bold, summary));
        lines
    }

    fn markdown(&self, warnings: &[Failure]) -> String {
        let about = About {
            kind: "drift",
            command: "cargo machinist plan --drift-only",
            target: self.place.target,
            environment: self.place.environment,
            place: &self.place.to_string(),
        };
        let mut document = document(about, &escape(&self.summary()));
        add_warnings(&mut document, warnings);
        if !self.apps.is_empty() {
            document.text += "\n";
            document.text += &head(&["App", "What", "Deployed", "Now", "Why"]);
            let left_out = document.add_until(LONGEST, self.apps.iter().map(markdown_rows));
            document.add_not_shown(left_out, "app", "apps");
        }
        let files = self.stale_files.iter().map(|file| {
            let file = code(&file.display().to_string());
            format!("\n{file} differs from what is deployed.\n")
        });
        document.add_until(LONGEST, files);
        document.text
    }
}

fn markdown_rows(app: &AppDrift) -> String {
    if app.is_lost {
        let cells = ["the app", "deployed", "**not on the platform**", "drift"];
        let cells = std::iter::once(code(&app.name)).chain(cells.map(str::to_owned));
        return row(&cells.collect::<Vec<String>>());
    }
    let changes = app.changes.iter().map(|change| {
        row(&[
            code(&app.name),
            code(change.what.as_str()),
            escape(&was(change)),
            escape(&is(change)),
            escape(why(change.why)),
        ])
    });
    changes.collect()
}

/// What was deployed.
fn was(change: &Change) -> String {
    match change.is_deployment() {
        true => "the one on record".into(),
        false => value(change, change.from.as_ref()),
    }
}

/// What is there now.
fn is(change: &Change) -> String {
    match change.is_deployment() {
        true => "another one".into(),
        false => value(change, change.to.as_ref()),
    }
}

fn value(change: &Change, value: Option<&Value>) -> String {
    match (&change.what, value) {
        (What::Parameter(name), value) => name.show(value),
        (What::Artifact(_), Some(Value::String(text))) => text.clone(),
        (What::Artifact(_), Some(other)) => other.to_string(),
        (What::Artifact(_), None) => "not set".into(),
    }
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Tuned => "tuned on the platform",
        _ => "changed outside the code",
    }
}
