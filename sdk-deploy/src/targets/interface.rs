//! The interface of targets: what a target is asked, and the files and commands that it answers
//! with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;

use super::carries::Carries;
use super::cloud_settings::CloudSettings;
use super::fal::settings::FalSettings;
use super::knative::settings::KnativeSettings;
use crate::app_plan::{AppPlan, Plan};
use crate::bindings::Bindings;
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::manifest::Binary;
use crate::rendering::Rendering;
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

    /// Where on the platform apps go: an account, a namespace. What the settings do not say, the
    /// platform's tool is set to by itself; `None` if that is not known. The platform is not asked.
    fn find_place(&self, _: Limits) -> Option<String> {
        None
    }

    /// What is deployed, with the place where commands go now.
    ///
    /// # Errors
    ///
    /// When that is another place than the one where it was deployed.
    fn at_place(&self, deployed: Deployed, limits: Limits) -> Result<Deployed, Problem> {
        let place = self.find_place(limits);
        deployed.check_place(self.name(), place.as_deref())?;
        Ok(Deployed {
            place: place.or(deployed.place),
            ..deployed
        })
    }

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
        let live = self.read_list(&output, known);
        live.map(Some).map_err(|reason| {
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

/// What targets know of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// The binaries that were read.
    pub binaries: Vec<Binary>,
    /// The settings of its apps, by name.
    pub apps: BTreeMap<String, AppSettings>,
    /// The settings of fal.
    pub fal: FalSettings,
    /// The settings of Knative.
    pub knative: KnativeSettings,
    /// The settings of SkyPilot.
    pub skypilot: CloudSettings,
    /// The settings of dstack.
    pub dstack: CloudSettings,
    /// The state's file.
    pub state_file: PathBuf,
    /// The environment, such as `prod`.
    pub environment: Option<String>,
}

impl Project {
    /// The settings of an app.
    pub(super) fn settings(&self, app: &str) -> AppSettings {
        self.apps.get(app).cloned().unwrap_or_default()
    }

    /// The name of an app's service, where services of all environments stand side by side: with
    /// the environment's name, unless the settings give the environment a `space` of its own.
    pub(super) fn service_name(&self, app: &str, settings: &CloudSettings) -> String {
        match (&self.environment, &settings.space) {
            (Some(environment), None) => format!("{app}-{environment}"),
            _ => app.to_owned(),
        }
    }

    /// Where on a platform services go: its part, or else how their names end.
    pub(super) fn cloud_place(&self, space: &str, settings: &CloudSettings) -> Option<String> {
        match (&settings.space, &self.environment) {
            (Some(name), _) => Some(format!("{space} {name}")),
            (None, Some(environment)) => Some(format!("environment {environment}")),
            (None, None) => None,
        }
    }

    /// What an app is given by name: what was deployed for a tuning or a rollback, else what the
    /// settings say.
    pub(super) fn bindings(&self, app: &AppPlan) -> Bindings {
        match &app.artifact {
            Some(deployed) => deployed.bindings.clone(),
            None => self.settings(&app.name).bindings,
        }
    }
}
