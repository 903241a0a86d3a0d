//! A change as it is shown before it is carried out: for a person and for a program.

use std::path::Path;

use machinist_deploy::{AppPlan, Contents, Plan, Rendering, Target};
use serde::Serialize;

use crate::args::globals::Format;
use crate::failure::Failure;
use crate::output::{Line, Look, Output};
use crate::view;

/// The version of it as JSON.
const PLAN_VERSION: u32 = 1;

/// A change, and in a dry run what would be written and run.
#[derive(Serialize)]
pub(crate) struct Shown<'a> {
    plan_version: u32,
    target: &'static str,
    apps: &'a [AppPlan],
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<File>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commands: Option<Vec<Command>>,
}

#[derive(Serialize)]
struct File {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

#[derive(Serialize)]
struct Command {
    app: String,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
}

impl<'a> Shown<'a> {
    pub(crate) fn of(plan: &'a Plan, target: &dyn Target) -> Self {
        Self {
            plan_version: PLAN_VERSION,
            target: target.name(),
            apps: &plan.apps,
            files: None,
            commands: None,
        }
    }

    /// With what would be written into this folder, and run.
    pub(crate) fn with(mut self, rendering: &Rendering, folder: &Path) -> Self {
        let files = rendering.files.iter().map(|file| File {
            path: folder.join(&file.path).display().to_string(),
            copy_of: match &file.contents {
                Contents::Text(_) => None,
                Contents::CopyOf(original) => Some(original.display().to_string()),
            },
        });
        let commands = rendering.steps.iter().map(|step| {
            let own = step.command.folder.as_ref();
            Command {
                app: step.app.clone(),
                command: step.command.to_string(),
                folder: own.map(|own| folder.join(own).display().to_string()),
            }
        });
        self.files = Some(files.collect());
        self.commands = Some(commands.collect());
        self
    }

    pub(crate) fn print(&self, output: &Output) -> Result<(), Failure> {
        match output.format {
            Format::Text => output.lines(&self.lines()),
            Format::Json => output.json(self),
        }
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = view::plan(self.apps, self.target);
        for file in self.files.iter().flatten() {
            let copy = file
                .copy_of
                .iter()
                .map(|original| format!("  (a copy of {original})"));
            let copy: String = copy.collect();
            lines.push(
                Line::default().with(Look::Plain, format!("would write  {}{copy}", file.path)),
            );
        }
        for command in self.commands.iter().flatten() {
            let folder = command
                .folder
                .iter()
                .map(|folder| format!("  (in {folder})"));
            let folder: String = folder.collect();
            let text = format!("would run    {}{folder}", command.command);
            lines.push(Line::default().with(Look::Plain, text));
        }
        lines
    }
}
