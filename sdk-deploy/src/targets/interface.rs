//! The interface of targets: what a target is asked, and the files and commands that it answers
//! with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;

use super::carries::Carries;
use super::knative::settings::KnativeSettings;
use crate::app_plan::{Action, AppPlan, Plan};
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::manifest::Binary;
use crate::settings::AppSettings;
use crate::tool::{self, ToolCommand};

/// The target of a deploy.
///
/// A target gives the files and the commands of the platform's own tool that carry a change out. It
/// changes nothing itself.
///
/// ```
/// use machinist_deploy::{Deployed, DeployStamp, Options, Project, plan, target};
/// # let manifest = machinist_deploy::Manifest::parse(r#"{"manifest_version": 1, "apps": []}"#)?;
///
/// let plan = plan(&manifest, &Deployed::default(), &Options::default());
/// let after = Deployed::default().after(&plan, &DeployStamp::default());
/// let rendering = target("knative", Project::default())?.deploy(&plan, &after)?;
/// for step in &rendering.steps {
///     println!("{}", step.command);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Target {
    /// Its name.
    fn name(&self) -> &'static str;

    /// How it carries a parameter. Every target answers for every key, so a new key does not
    /// compile before each has.
    fn carries(&self, key: Key) -> Carries<'_>;

    /// The folder of its files, if the files are the deploy itself.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// The command that lists the platform's apps as JSON; `None` if there is no such command.
    fn list_command(&self) -> Option<ToolCommand>;

    /// Reads the output of the list command, with what is known.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn read_list(&self, text: &str, known: &Deployed) -> Result<Live, String>;

    /// What the platform has; `None` if it cannot be asked.
    ///
    /// # Errors
    ///
    /// When its tool is missing, fails, takes too long, or its output cannot be read.
    fn live(&self, known: &Deployed, limits: Limits) -> Result<Option<Live>, Problem> {
        let Some(command) = self.list_command() else {
            return Ok(None);
        };
        let output = command.read(limits)?;
        if output.trim().is_empty() {
            let message = format!("`{command}` succeeded without output");
            return Err(Problem::new(message).help("run it by itself to see why"));
        }
        self.read_list(&output, known).map(Some).map_err(|reason| {
            let problem = Problem::new(format!("cannot read the output of `{command}`: {reason}"));
            let problem = problem.help(
                "upgrade this command with `cargo install cargo-machinist`, or the platform's own tool",
            );
            tool::with_output(problem, tool::first_lines(&output))
        })
    }

    /// Renders a plan.
    ///
    /// # Errors
    ///
    /// What is missing, for instance a binary that runs there, or an image.
    fn deploy(&self, plan: &Plan, after: &Deployed) -> Result<Rendering, Problem>;

    /// Renders the tuning of an app.
    ///
    /// # Errors
    ///
    /// What the platform cannot do.
    fn scale(&self, app: &AppPlan, after: &Deployed) -> Result<Rendering, Problem>;

    /// Renders the rollback of an app to an earlier deploy.
    ///
    /// # Errors
    ///
    /// Why the platform cannot.
    fn roll_back(&self, app: &AppPlan, to: &Deploy, after: &Deployed)
    -> Result<Rendering, Problem>;
}

/// The files and the commands that carry a change out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendering {
    /// The files, by their paths in the rendering's folder.
    pub files: Vec<RenderedFile>,
    /// The commands to run once the files are written, in order.
    pub steps: Vec<Step>,
    /// A digest of what is sent for each app, parameters aside.
    pub artifacts: BTreeMap<String, String>,
    /// What the platform does not support, or is probably a mistake.
    pub warnings: Vec<Problem>,
    /// What the platform must be set up for, or an app must answer.
    pub needs: Vec<String>,
}

impl Rendering {
    /// Whether a command is run for this app.
    pub(crate) fn runs_for(&self, app: &AppPlan) -> bool {
        self.steps.iter().any(|step| step.app == app.name)
    }

    /// Without unchanged apps: those with the same parameters and the same artifact.
    #[must_use]
    pub fn without_unchanged(mut self, plan: &Plan, deployed: &Deployed) -> Self {
        let is_unchanged = |app: &AppPlan| {
            let sent = deployed
                .apps
                .get(&app.name)
                .and_then(|app| app.artifact.as_ref());
            let is_known = sent.is_some() && sent == self.artifacts.get(&app.name);
            app.action == Action::Unchanged && !app.reset && is_known
        };
        let unchanged = plan.apps.iter().filter(|app| is_unchanged(app));
        let names: Vec<&String> = unchanged.map(|app| &app.name).collect();
        self.steps.retain(|step| !names.contains(&&step.app));
        self.files
            .retain(|file| !names.iter().any(|name| file.path.starts_with(name)));
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
}

impl Step {
    pub(super) fn new(app: &str, kind: StepKind, command: ToolCommand) -> Self {
        Self {
            app: app.into(),
            kind,
            command,
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

/// What targets know of a project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The binaries that were read.
    pub binaries: Vec<Binary>,
    /// The settings of its apps, by name.
    pub apps: BTreeMap<String, AppSettings>,
    /// The settings of Knative.
    pub knative: KnativeSettings,
    /// The folder of the state.
    pub state_folder: PathBuf,
}

impl Project {
    /// The settings of an app.
    pub(super) fn settings(&self, app: &str) -> AppSettings {
        self.apps.get(app).cloned().unwrap_or_default()
    }
}
