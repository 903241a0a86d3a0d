//! Where apps are deployed: the target, the state's file, the settings and the folder of files.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use machinist_deploy::{
    AppSettings, Binary, Deployed, EFFECTIVE_FILE, FILE, Live, Manifest, Project, Settings, State,
    Target, target,
};

use crate::args::deployment::{Deployment, PlanOptions, StateSource};
use crate::args::selection::Selection;
use crate::args::source::AppSource;
use crate::failure::Failure;
use crate::output::Output;
use crate::paths::relative_to_cwd;
use crate::workspace::Workspace;

/// The state's file, where no other is set.
const STATE: &str = "machinist-state.json";

/// The target that the flags name.
pub(crate) fn target_to_deploy_to(selection: &Selection) -> Result<Option<String>, Failure> {
    match &*selection.deploy_targets() {
        [] => Ok(None),
        [one] => {
            target(one, Project::default())?;
            Ok(Some((*one).to_owned()))
        }
        several => {
            let several = several.join("` and `");
            Err(
                Failure::new(format!("a deploy goes to one target, not to `{several}`"))
                    .help("deploy to one after the other"),
            )
        }
    }
}

/// Where apps are deployed.
pub(crate) struct Site {
    target: String,
    /// The state's file.
    pub(crate) state: PathBuf,
    /// The settings of the project.
    pub(crate) settings: Settings,
    workspace: Option<Workspace>,
    asks_platform: bool,
    saved_answer: Option<PathBuf>,
}

impl Site {
    /// For commands that build or read binaries.
    pub(crate) fn of_source(
        target: Option<String>,
        source: &AppSource,
        plan_options: &PlanOptions,
        workspace: Option<Workspace>,
    ) -> Result<Self, Failure> {
        let selection = &source.selection;
        let workspace = match workspace {
            None => Workspace::find(selection.manifest_path())?,
            found => found,
        };
        let mut site = Self::new(target, &plan_options.state, workspace)?;
        if let (Some(folder), Some(workspace)) = (selection.target_dir(), &mut site.workspace) {
            workspace.target_folder = folder.to_owned();
        }
        site.asks_platform &= !selection.is_offline();
        Ok(site)
    }

    /// For commands that do not.
    pub(crate) fn of_place(deployment: &Deployment) -> Result<Self, Failure> {
        let workspace = Workspace::find(deployment.manifest_path.as_deref())?;
        Self::new(deployment.target.clone(), &deployment.state, workspace)
    }

    fn new(
        target: Option<String>,
        state: &StateSource,
        workspace: Option<Workspace>,
    ) -> Result<Self, Failure> {
        let files = workspace
            .as_ref()
            .map_or(&[][..], |found| &found.cargo_tomls);
        let settings = Settings::read(files)?;
        let target = match target {
            Some(target) => target,
            None => settings.target()?.unwrap_or(FILE).to_owned(),
        };
        let root = workspace
            .as_ref()
            .map_or(Path::new(""), |found| &found.root);
        let state_file = match (&state.state, settings.state()?) {
            (Some(flag), _) => flag.clone(),
            (None, Some(set)) => set.to_owned(),
            (None, None) => root.join(STATE),
        };
        Ok(Self {
            target,
            state: relative_to_cwd(&state_file),
            settings,
            workspace,
            asks_platform: !state.no_refresh,
            saved_answer: state.live.clone(),
        })
    }

    /// The target, for apps that were read.
    pub(crate) fn target(
        &self,
        manifest: &Manifest,
        images: Vec<Binary>,
    ) -> Result<Box<dyn Target>, Failure> {
        let apps = manifest.apps.iter();
        let apps = apps.map(|app| (app.name.clone(), self.settings_of(&app.name, &app.package)));
        self.target_of(apps.collect(), images)
    }

    /// The target, for apps that are deployed.
    pub(crate) fn target_alone(&self, state: &State) -> Result<Box<dyn Target>, Failure> {
        let apps = state.deployed_to(&self.target).apps.into_keys().map(|app| {
            let settings = self.settings.for_app(&app, None);
            (app, settings)
        });
        self.target_of(apps.collect(), Vec::new())
    }

    fn target_of(
        &self,
        apps: BTreeMap<String, AppSettings>,
        images: Vec<Binary>,
    ) -> Result<Box<dyn Target>, Failure> {
        let project = Project {
            binaries: images,
            apps,
            knative: self.settings.knative()?,
            state_folder: self.state.with_file_name(""),
        };
        Ok(target(&self.target, project)?)
    }

    /// The settings of an app, with the `Dockerfile` that lies where one looks for it.
    fn settings_of(&self, app: &str, package: &str) -> AppSettings {
        let mut settings = self.settings.for_app(app, Some(package));
        if let (None, Some(workspace)) = (&settings.dockerfile, &self.workspace) {
            let folders = workspace.folder_of(package).into_iter();
            let mut files = folders
                .chain([relative_to_cwd(&workspace.root)])
                .map(|folder| folder.join("Dockerfile"));
            settings.dockerfile = files.find(|file| file.is_file());
        }
        settings
    }

    /// What the platform has, if there is one and it may be asked.
    pub(crate) fn live(
        &self,
        target: &dyn Target,
        known: &Deployed,
        output: &Output,
    ) -> Result<Option<Live>, Failure> {
        if let Some(file) = &self.saved_answer {
            let shown = file.display();
            let cannot = |reason: String| Failure::new(format!("cannot read `{shown}`: {reason}"));
            let text = fs::read_to_string(file).map_err(|error| cannot(error.to_string()))?;
            return target.read_list(&text, known).map(Some).map_err(cannot);
        }
        if !self.asks_platform || target.list_command().is_none() {
            return Ok(None);
        }
        output.status("Asking", &format!("{} what it has", target.name()));
        let limits = self.settings.limits()?;
        let live = target.live(known, limits).map_err(|problem| {
            Failure::from(problem).help("with `--no-refresh` the state alone says what is deployed")
        })?;
        Ok(live)
    }

    /// What is deployed, by the state and by the platform.
    pub(crate) fn refreshed(
        &self,
        target: &dyn Target,
        deployed: Deployed,
        output: &Output,
    ) -> Result<Deployed, Failure> {
        let live = self.live(target, &deployed, output)?;
        Ok(live.map_or(deployed.clone(), |live| deployed.refreshed(&live)))
    }

    /// Where a target's files are written.
    pub(crate) fn folder(&self, target: &dyn Target) -> PathBuf {
        if let Some(own) = target.folder() {
            return own.to_owned();
        }
        let built = match &self.workspace {
            Some(workspace) => relative_to_cwd(&workspace.target_folder),
            None => self.state.with_file_name("target"),
        };
        // Deploys of several states may run at once.
        let name = match self.state.file_name().is_some_and(|name| name == STATE) {
            true => target.name().to_owned(),
            false => {
                let path = std::path::absolute(&self.state).unwrap_or(self.state.clone());
                let mut hasher = DefaultHasher::new();
                path.hash(&mut hasher);
                format!("{}-{:016x}", target.name(), hasher.finish())
            }
        };
        built.join("machinist").join(name)
    }

    /// The commit that is checked out, marked if what is deployed may be another code.
    pub(crate) fn commit(&self) -> Option<String> {
        let git = |args: &[&str]| {
            let mut git = Command::new("git");
            if let Some(workspace) = &self.workspace {
                git.current_dir(&workspace.root);
            }
            git.args(args).stdin(Stdio::null()).stderr(Stdio::null());
            let output = git.output().ok().filter(|output| output.status.success())?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let commit = git(&["rev-parse", "HEAD"])?;
        // What deploys themselves write is no other code.
        let state = self.state.file_name().unwrap_or_default();
        let written = [state.to_string_lossy(), EFFECTIVE_FILE.into()];
        let is_state = |line: &str| written.iter().any(|name| line.ends_with(&**name));
        let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
        let is_changed = changes.lines().any(|line| !is_state(line));
        Some(if is_changed {
            commit + "-dirty"
        } else {
            commit
        })
    }
}
