//! The interface of targets: what a target is asked, and the files and commands that it answers
//! with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;

use super::carries::Carries;
use super::knative::settings::KnativeSettings;
use super::region_names::RegionNames;
use crate::app_plan::{AppPlan, Plan};
use crate::commit::Commit;
use crate::deployed::Deployed;
use crate::handover::Handover;
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::manifest::Binary;
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

    /// Where on the platform the commit of a deploy is kept; `None` if the app would be restarted
    /// wherever it is kept.
    fn commit_place(&self) -> Option<&'static str>;

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
        live.map(Some)
            .map_err(|reason| command.unreadable(&output, &reason))
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
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The binaries that were read.
    pub binaries: Vec<Binary>,
    /// The settings of its apps, by name.
    pub apps: BTreeMap<String, AppSettings>,
    /// The settings of Knative.
    pub knative: KnativeSettings,
    /// SkyPilot's names of regions.
    pub skypilot_regions: RegionNames,
    /// dstack's names of regions.
    pub dstack_regions: RegionNames,
    /// The state's file.
    pub state_file: PathBuf,
    /// The commit that the code is from, if it is known.
    pub commit: Option<Commit>,
}

impl Project {
    /// The settings of an app.
    pub(super) fn settings(&self, app: &str) -> AppSettings {
        self.apps.get(app).cloned().unwrap_or_default()
    }
}
