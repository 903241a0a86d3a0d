//! The interface of targets: what a target is asked, and the files and commands that it answers
//! with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;

use super::carries::Carries;
use super::cloud_settings::CloudSettings;
use super::fal::settings::FalSettings;
use super::knative::settings::KnativeSettings;
use crate::app_plan::{AppPlan, Plan};
use crate::artifact::Artifact;
use crate::bindings::Bindings;
use crate::check::Check;
use crate::commit::Commit;
use crate::deployed::Deployed;
use crate::handover::Handover;
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::manifest::Binary;
use crate::mask::Mask;
use crate::rendering::Rendering;
use crate::settings::AppSettings;
use crate::status::{AwaitedApp, Status, StatusQuestion};
use crate::tool::ToolCommand;

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

    /// Where the platform keeps the commit of a deploy; `None` if it cannot keep it without
    /// restarting the app.
    fn commit_place(&self) -> Option<&'static str>;

    /// The folder of its files, if the files are the deploy itself.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// Whether it runs an image that was built before; others build it from the binary.
    fn needs_image(&self) -> bool {
        false
    }

    /// The image that runs a binary where the project names neither an image nor a `Dockerfile`.
    fn default_base_image(&self) -> Option<&'static str> {
        None
    }

    /// Checks what its deploys rely on: its tool, what that signs in with and, if the platform may
    /// be asked, what the platform is set up for.
    fn checks(&self, _: Limits, _asks_platform: bool) -> Vec<Check> {
        Vec::new()
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
        let apps = known.apps.values();
        let artifacts = apps.filter_map(|app| app.artifact.as_ref());
        let mask = Mask::of_environment(artifacts.flat_map(Artifact::secrets));
        let output = command
            .read(limits)
            .map_err(|problem| mask.hide_in(problem))?;
        if output.trim().is_empty() {
            let message = format!("`{command}` succeeded without output");
            return Err(Problem::new(message).help("run it by itself to see why"));
        }
        let live = self.read_list(&output, known);
        live.map(Some)
            .map_err(|reason| mask.hide_in(command.unreadable(&output, &reason)))
    }

    /// How its tool is asked whether an app answers; `None` if it runs no apps.
    fn status_question(&self, app: &str) -> Option<StatusQuestion>;

    /// Reads the answer to that question.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn read_status(&self, text: &str, app: AwaitedApp<'_>) -> Result<Status, String>;

    /// The command that shows the logs of an app. `args` is what the user adds to it, after what it
    /// has.
    ///
    /// # Errors
    ///
    /// When there are no logs.
    fn logs(&self, app: &str, args: &[String]) -> Result<Handover<ToolCommand>, Problem>;

    /// Where an app answers.
    ///
    /// # Errors
    ///
    /// When the platform's tool does not tell.
    fn url(&self, app: &str) -> Result<Handover<String>, Problem>;

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
    /// The keys of the target's table that are set for the environment, and not for all of them.
    pub keys_of_environment: BTreeSet<String>,
    /// The commit that the code is from, if it is known.
    pub commit: Option<Commit>,
}

impl Project {
    /// The settings of an app.
    pub(super) fn settings(&self, app: &str) -> AppSettings {
        self.apps.get(app).cloned().unwrap_or_default()
    }

    /// The name of an app's service, where services of all environments stand side by side: with
    /// the environment's name, unless the settings give the environment a `space` of its own.
    pub(super) fn service_name(&self, app: &str, space: &str) -> String {
        match self.environment_in_names(space) {
            Some(environment) => format!("{app}-{environment}"),
            None => app.to_owned(),
        }
    }

    /// Where on a platform services go: its part, and how their names end.
    pub(super) fn cloud_place(&self, space: &str, settings: &CloudSettings) -> Option<String> {
        let part = settings
            .space
            .as_ref()
            .map(|name| format!("{space} {name}"));
        let environment = self.environment_in_names(space);
        let environment = environment.map(|name| format!("environment {name}"));
        let place: Vec<String> = part.into_iter().chain(environment).collect();
        (!place.is_empty()).then(|| place.join(", "))
    }

    /// The environment that the names of services end with; `None` if the settings give the
    /// environment a `space` of its own. A `space` for all environments has services of each.
    fn environment_in_names(&self, space: &str) -> Option<&str> {
        let has_own = self.keys_of_environment.contains(space);
        self.environment.as_deref().filter(|_| !has_own)
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
