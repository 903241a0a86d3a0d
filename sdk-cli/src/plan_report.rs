//! A plan as `plan`, `deploy`, `scale`, `rollback` and `destroy` print it: as text or as JSON.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use machinist_core::unit::DURATION;
use machinist_deploy::{ApplyError, Contents, Plan, Rendering, State, Target, Wait, WaitResult};
use serde::Serialize;

use crate::args::globals::Format;
use crate::failure::Failure;
use crate::markdown_view::{self, About};
use crate::output::{Line, Look, Output};
use crate::text_view;

/// The version of the JSON document.
const PLAN_VERSION: u32 = 2;

/// A plan and, where nothing is carried out, the files and commands that would do it.
#[derive(Serialize)]
pub(crate) struct PlanReport<'a> {
    plan_version: u32,
    #[serde(flatten)]
    place: Place<'a>,
    /// The profile of the build, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(flatten)]
    plan: &'a Plan,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileToWrite>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commands: Option<Vec<CommandToRun>>,
    /// What is asked until the apps answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waits: Vec<QuestionToAsk>,
    /// Why a deploy would not carry it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ChangeResult>,
}

/// Where a plan goes.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Place<'a> {
    /// The environment of the settings, if one is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<&'a str>,
    pub(crate) target: &'static str,
    /// The account, the namespace or the environment there, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// This place of a target.
    pub(crate) fn new(
        environment: Option<&'a str>,
        target: &dyn Target,
        place: Option<&'a str>,
    ) -> Self {
        Self {
            environment,
            target: target.name(),
            place,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(environment) = self.environment {
            write!(f, "{environment} on ")?;
        }
        f.write_str(self.target)?;
        match self.place {
            Some(place) => write!(f, ", {place}"),
            None => Ok(()),
        }
    }
}

/// What a change did, and what it did not.
#[derive(Serialize)]
struct ChangeResult {
    /// The serial of the state afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<u64>,
    /// The apps that were changed as planned.
    done: Vec<String>,
    /// The apps that were not, or in part.
    not_done: Vec<String>,
    /// Why not, and which apps do not answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ChangeError>,
    /// The apps that were waited for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waited: Vec<WaitedApp>,
}

/// Whether an app answers after its deploy.
#[derive(Serialize)]
struct WaitedApp {
    app: String,
    answers: bool,
    /// What the platform says.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
}

#[derive(Serialize)]
struct ChangeError {
    /// The app that failed, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    #[serde(flatten)]
    failure: Failure,
}

impl ChangeError {
    /// The error of an app that does not answer.
    fn of_wait(waited: &WaitResult) -> Option<Self> {
        Some(Self {
            app: Some(waited.app.clone()),
            failure: waited.problem.clone()?.into(),
        })
    }
}

impl WaitedApp {
    fn new(waited: &WaitResult) -> Self {
        Self {
            app: waited.app.clone(),
            answers: waited.problem.is_none(),
            says: waited.says.clone(),
        }
    }
}

#[derive(Serialize)]
struct FileToWrite {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

#[derive(Serialize)]
struct CommandToRun {
    app: String,
    command: String,
    /// What runs if that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
}

/// How the platform is asked whether an app answers.
#[derive(Serialize)]
struct QuestionToAsk {
    app: String,
    command: String,
    /// How long, in seconds.
    at_most: u64,
}

impl<'a> PlanReport<'a> {
    pub(crate) fn new(plan: &'a Plan, place: Place<'a>, profile: Option<&'a str>) -> Self {
        Self {
            profile,
            plan_version: PLAN_VERSION,
            place,
            plan,
            files: None,
            commands: None,
            waits: Vec::new(),
            refusal: None,
            result: None,
        }
    }

    /// Adds why a deploy would not carry it out.
    pub(crate) fn with_refusal(self, refusal: Option<&'a Failure>) -> Self {
        Self { refusal, ..self }
    }

    /// Adds what a change did.
    pub(crate) fn with_result(
        mut self,
        result: &Result<State, ApplyError>,
        waited: &[WaitResult],
    ) -> Self {
        let touched = self.plan.changed_apps().map(|app| app.name.clone());
        self.result = Some(match result {
            Ok(state) => ChangeResult {
                serial: Some(state.serial),
                done: touched.collect(),
                not_done: Vec::new(),
                errors: waited.iter().filter_map(ChangeError::of_wait).collect(),
                waited: waited.iter().map(WaitedApp::new).collect(),
            },
            Err(error) => {
                let not_done: BTreeSet<&String> = error.not_done.iter().collect();
                let (not_done, done) = touched.partition(|app| not_done.contains(app));
                let failures = std::iter::once(&*error.first).chain(&error.others);
                let errors = failures.map(|failure| ChangeError {
                    app: failure.app.clone(),
                    failure: failure.problem.clone().into(),
                });
                ChangeResult {
                    serial: None,
                    done,
                    not_done,
                    errors: errors.collect(),
                    waited: Vec::new(),
                }
            }
        });
        self
    }

    /// Adds the files that would be written into this folder, and the commands that would run.
    pub(crate) fn with_files_and_commands(
        mut self,
        rendering: &Rendering,
        output_folder: &Path,
    ) -> Self {
        let files = rendering.files.iter().map(|file| FileToWrite {
            path: output_folder.join(&file.path).display().to_string(),
            copy_of: match &file.contents {
                Contents::Text(_) => None,
                Contents::CopyOf(original) => Some(original.display().to_string()),
            },
        });
        let commands = rendering.steps.iter().map(|step| {
            let folder = step.command.folder.as_ref();
            CommandToRun {
                app: step.app.clone(),
                command: step.command.to_string(),
                fallback: step.fallback.as_ref().map(ToString::to_string),
                folder: folder.map(|folder| output_folder.join(folder).display().to_string()),
            }
        });
        self.files = Some(files.collect());
        self.commands = Some(commands.collect());
        self
    }

    /// Adds what would be asked until the apps answer.
    pub(crate) fn with_wait(mut self, wait: Option<&Wait>) -> Self {
        let apps = wait.into_iter().flat_map(|wait| &wait.apps);
        let questions = apps.map(|app| QuestionToAsk {
            app: app.name.clone(),
            command: app.question.command.to_string(),
            at_most: app.limit.as_secs(),
        });
        self.waits = questions.collect();
        self
    }

    pub(crate) fn print(&self, output: &Output) -> Result<(), Failure> {
        match output.format {
            Format::Text => output.lines(&self.lines()),
            Format::Json => output.json(self),
            Format::Markdown => output.data(&self.markdown(&output.warnings())),
        }
    }

    fn markdown(&self, warnings: &[Failure]) -> String {
        let build = self
            .profile
            .map(|profile| format!(", from a {profile} build"));
        let about = About {
            kind: "plan",
            command: "cargo machinist plan",
            target: self.place.target,
            environment: self.place.environment,
            place: &format!("{}{}", self.place, build.unwrap_or_default()),
        };
        markdown_view::plan(self.plan, about, warnings, self.refusal)
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = text_view::plan_lines(self.plan, &self.place, self.profile);
        for file in self.files.iter().flatten() {
            let original = file.copy_of.as_ref();
            let note = original.map(|original| format!("  (a copy of {original})"));
            let text = format!("would write  {}{}", file.path, note.unwrap_or_default());
            lines.push(Line::default().with(Look::Plain, text).whole());
        }
        for command in self.commands.iter().flatten() {
            let folder = command.folder.as_ref();
            let note = folder.map(|folder| format!("  (in {folder})"));
            let text = format!(
                "would run    {}{}",
                command.command,
                note.unwrap_or_default()
            );
            lines.push(Line::default().with(Look::Plain, text).whole());
            if let Some(fallback) = &command.fallback {
                let text = format!("  if it fails  {fallback}");
                lines.push(Line::default().with(Look::Plain, text).whole());
            }
        }
        for question in &self.waits {
            let text = format!(
                "would ask    {}  (until `{}` answers, for at most {})",
                question.command,
                question.app,
                DURATION.show(u32::try_from(question.at_most).unwrap_or(u32::MAX))
            );
            lines.push(Line::default().with(Look::Plain, text).whole());
        }
        lines
    }
}
