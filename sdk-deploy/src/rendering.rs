//! What carries a change out: files, commands of the platform's own tool, and what they mean for
//! each app.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use machinist_core::problem::Problem;

use crate::artifact::Artifact;
use crate::tool::ToolCommand;

/// The files and the commands that carry a change out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendering {
    /// The files, by their paths in the rendering's folder.
    pub files: Vec<RenderedFile>,
    /// The commands to run once the files are written, in order.
    pub steps: Vec<Step>,
    /// What is known of each app that is rendered.
    pub apps: BTreeMap<String, RenderedApp>,
}

/// What a rendering says of an app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenderedApp {
    /// What is sent, parameters aside; `None` if nothing is.
    pub artifact: Option<Artifact>,
    /// What the target does not carry as it is, or is probably a mistake.
    pub warnings: Vec<Problem>,
    /// What the platform must be set up for.
    pub needs: Vec<String>,
}

impl Rendering {
    /// What is known of an app.
    pub(crate) fn app(&mut self, name: &str) -> &mut RenderedApp {
        self.apps.entry(name.into()).or_default()
    }

    /// The warnings of all apps.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.apps.values().flat_map(|app| &app.warnings)
    }

    /// The needs of all apps, each once.
    pub fn needs(&self) -> BTreeSet<&str> {
        let needs = self.apps.values().flat_map(|app| &app.needs);
        needs.map(String::as_str).collect()
    }

    /// Whether a command sends more than scaling.
    pub fn sends_code(&self) -> bool {
        self.steps.iter().any(|step| step.kind == StepKind::Deploy)
    }

    /// Without these apps' files and commands.
    #[must_use]
    pub fn without(mut self, apps: &BTreeSet<&str>) -> Self {
        self.steps.retain(|step| !apps.contains(&*step.app));
        self.files.retain(|file| {
            let folder = file.path.iter().next().and_then(|name| name.to_str());
            folder.is_none_or(|folder| !apps.contains(folder))
        });
        self
    }
}

/// A file to write.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedFile {
    /// Its path in the rendering's folder.
    pub path: PathBuf,
    /// What is in it.
    pub contents: Contents,
}

impl RenderedFile {
    pub(crate) fn text(path: impl Into<PathBuf>, text: String) -> Self {
        Self {
            path: path.into(),
            contents: Contents::Text(text),
        }
    }
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// This.
    Text(String),
    /// What is in that file.
    CopyOf(PathBuf),
}

/// A command of the platform's own tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The app.
    pub app: String,
    /// What the command does with the app.
    pub kind: StepKind,
    /// The command.
    pub command: ToolCommand,
    /// The command that is run if the first one fails: an update instead of a creation or the
    /// reverse, because the state may be wrong about whether the platform has the app.
    pub fallback: Option<ToolCommand>,
}

impl Step {
    pub(crate) fn new(app: &str, kind: StepKind, command: ToolCommand) -> Self {
        Self {
            app: app.into(),
            kind,
            command,
            fallback: None,
        }
    }
}

/// What a command does with an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Deploys it; scaling parameters in effect are kept unless they are reset.
    Deploy,
    /// Sets scaling parameters.
    Scale,
    /// Deletes it.
    Delete,
    /// Restores an earlier deploy.
    RollBack,
}
