//! What carries a change out: files, commands of the platform's own tool, and what they mean for
//! each app.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use machinist_core::problem::{Problem, joined};

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
    /// Variables that the platform's tool takes from the environment of whoever runs it.
    pub taken_variables: BTreeSet<String>,
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

    /// Checks that the variables are set which commands take from the environment of whoever runs
    /// them.
    ///
    /// # Errors
    ///
    /// When some are not, with their names.
    ///
    /// ```
    /// use machinist_deploy::Rendering;
    ///
    /// assert!(Rendering::default().check_variables(|_| false).is_ok());
    /// ```
    pub fn check_variables(&self, is_set: impl Fn(&str) -> bool) -> Result<(), Problem> {
        let runs = |name: &&String| self.steps.iter().any(|step| step.app == **name);
        let apps = self.apps.iter().filter(|(name, _)| runs(name));
        let taken: BTreeSet<&String> = apps.flat_map(|(_, app)| &app.taken_variables).collect();
        let missing = taken.into_iter().filter(|name| !is_set(name));
        let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
        match missing.len() {
            0 => Ok(()),
            number => {
                let (are, them) = match number {
                    1 => ("is", "it"),
                    _ => ("are", "them"),
                };
                let missing = joined(missing, "and");
                let problem = Problem::new(format!("{missing} {are} not set in the environment"));
                Err(problem
                    .help(format!("set {them} where the command runs, and try again"))
                    .note("the platform's tool takes the values of secrets from there"))
            }
        }
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
