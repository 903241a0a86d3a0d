//! Where apps are deployed: the target, the state file, the settings and the folder for the target's
//! files.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use machinist_deploy::{
    App, AppSettings, AppState, Binary, Commit, Deployed, FILE, GitRef, Limits, Live, Manifest,
    PackageSettings, Project, Settings, State, StateLocation, StateSetting, Store, Target,
    effective_file, file_of_environment, target,
};

use crate::args::deployment::Refresh;
use crate::args::selection::Selection;
use crate::args::source::AppSource;
use crate::build_settings::with_build_settings;
use crate::failure::Failure;
use crate::git::Repository;
use crate::output::Output;
use crate::packages::Packages;
use crate::paths::relative_to_cwd;
use crate::plan_report::Place;
use crate::workspace::Workspace;

/// The state file, unless a flag or the settings name another.
pub(crate) const DEFAULT_STATE_FILE: &str = "machinist-state.json";

/// Where apps are deployed.
pub(crate) struct Destination {
    pub(crate) target_name: String,
    /// Where the state is.
    pub(crate) state: StateLocation,
    /// The ref of git that a state would be on, if it is not on it.
    pub(crate) git_ref: GitRef,
    /// The state's file, or the one beside which files of a state on a ref lie.
    state_file: PathBuf,
    pub(crate) settings: Settings,
    /// How long the platform's tool may take.
    pub(crate) limits: Limits,
    /// Whose apps go there.
    pub(crate) packages: Packages,
    /// Whose apps have the same state and the same target, but go to another destination.
    beside: Vec<Packages>,
    /// What the target knows of the project, without apps and binaries.
    project: Project,
    workspace: Option<Workspace>,
    asks_platform: bool,
    /// The file with the platform's answer, if it is not to be asked.
    saved_answer: Option<PathBuf>,
    /// The file of the plan that is carried out, if it was kept in one.
    plan_file: Option<PathBuf>,
    /// The commit that is checked out, once it was asked for: what is sent and what is recorded is
    /// the same.
    commit: OnceCell<Option<Commit>>,
}

impl Destination {
    /// The destination of packages with these settings, which does not ask the platform.
    pub(crate) fn new(
        target_name: &str,
        state: StateSetting,
        own: &PackageSettings<'_>,
        (settings, workspace): (Settings, Option<Workspace>),
    ) -> Self {
        let limits = own.limits();
        let root = workspace.as_ref().map(|workspace| &*workspace.root);
        let root = root.unwrap_or(Path::new(""));
        let (file, remote) = match state {
            StateSetting::File(path) => (Some(relative_to_cwd(&path)), None),
            StateSetting::Git(remote) => (None, remote),
        };
        let git_ref = GitRef {
            remote,
            environment: own.environment().map(str::to_owned),
            limit: limits.answer,
            ..GitRef::in_folder(root)
        };
        let state = match file {
            Some(path) => StateLocation::File(path),
            None => StateLocation::Git(git_ref.clone()),
        };
        let state_file = state.file_in(&relative_to_cwd(root));
        Self {
            project: Project {
                state_file: state_file.clone(),
                ..own.project(target_name, BTreeMap::new())
            },
            limits,
            target_name: target_name.to_owned(),
            state,
            git_ref,
            state_file,
            settings,
            packages: Packages::default(),
            beside: Vec::new(),
            workspace,
            asks_platform: false,
            saved_answer: None,
            plan_file: None,
            commit: OnceCell::new(),
        }
    }

    /// The same, for the apps of these packages.
    pub(crate) fn of_packages(self, packages: Packages) -> Self {
        Self { packages, ..self }
    }

    /// Says whose apps have the same state and the same target, but go to another destination.
    pub(crate) fn set_beside(&mut self, beside: Vec<Packages>) {
        self.beside = beside;
    }

    /// Whether another one has the same state and the same target.
    pub(crate) fn has_state_of(&self, other: &Self) -> bool {
        self.target_name == other.target_name && self.state == other.state
    }

    /// Whether another one is the same, whichever packages they are of.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.target_name.clone(), one.limits, one.project.clone());
        key(self) == key(other)
    }

    /// The environment of the settings.
    pub(crate) fn environment(&self) -> Option<&str> {
        self.settings.environment()
    }

    /// Where it is, for a message that tells it from others.
    pub(crate) fn describe(&self) -> String {
        format!("{} (`{}`)", self.target_name, self.state)
    }

    /// The source with the features and the profile of the settings.
    pub(crate) fn with_build_settings(&self, source: &AppSource) -> Result<AppSource, Failure> {
        with_build_settings(source, &self.settings, self.workspace.as_ref())
    }

    /// The apps of the code that go there, with the scaling that the settings give their first
    /// deploy.
    pub(crate) fn own_apps(&self, manifest: Manifest) -> Result<Manifest, Failure> {
        let own = manifest
            .apps
            .into_iter()
            .filter(|app| self.packages.includes(&app.package));
        let own = own.map(|app| {
            let settings = self.settings.for_app(&app.name, Some(&app.package));
            settings.scaling.apply_to(&app)
        });
        Ok(Manifest {
            apps: own.collect::<Result<_, _>>()?,
            ..manifest
        })
    }

    /// The deployed apps of packages whose settings lead elsewhere, and those that were handed over
    /// to such a package: another destination may have the same state.
    pub(crate) fn apps_elsewhere(&self, deployed: &Deployed, code: &[App]) -> BTreeSet<String> {
        let is_elsewhere =
            |app: &AppState| !app.package.is_empty() && !self.packages.includes(&app.package);
        let elsewhere = deployed
            .apps
            .iter()
            .filter(|(name, app)| is_elsewhere(app) || self.is_handed_over(name, code));
        elsewhere.map(|(name, _)| name.clone()).collect()
    }

    /// What is deployed, without the apps that go to another destination with the same state and the
    /// same target.
    pub(crate) fn own_deployed(&self, deployed: &Deployed) -> Deployed {
        let mut own = deployed.clone();
        own.apps.retain(|_, app| !self.has_beside(&app.package));
        own
    }

    /// Whether apps of this package go to another destination with the same state and the same
    /// target.
    fn has_beside(&self, package: &str) -> bool {
        let mut beside = self.beside.iter();
        beside.any(|packages| packages.includes(package))
    }

    /// Whether an app on record was handed over: in the code it is of a package whose apps go to
    /// another destination with the same state and the same target.
    pub(crate) fn is_handed_over(&self, name: &str, code: &[App]) -> bool {
        let mut named = code.iter().filter(|app| app.name == name);
        let has_own = named
            .clone()
            .any(|app| self.packages.includes(&app.package));
        !has_own && named.any(|app| self.has_beside(&app.package))
    }

    /// Whether cargo may build a package whose apps go there.
    pub(crate) fn may_be_selected(&self, selection: &Selection) -> bool {
        let workspace = self.workspace.as_ref();
        let mut packages = workspace.iter().flat_map(|workspace| workspace.packages());
        workspace.is_none()
            || packages.any(|name| self.packages.includes(name) && selection.may_select(name))
    }

    /// The same, where the platform is asked unless a flag says otherwise.
    pub(crate) fn asking(self, refresh: &Refresh) -> Self {
        Self {
            asks_platform: !refresh.no_refresh,
            saved_answer: refresh.live.clone(),
            ..self
        }
    }

    /// Says in which file the plan was kept that is carried out.
    pub(crate) fn set_plan_file(&mut self, file: &Path) {
        self.plan_file = Some(file.to_owned());
    }

    /// The file of the state where no flag or setting says where that is.
    pub(crate) fn default_state_file(&self) -> PathBuf {
        let root = self.workspace.as_ref().map(|workspace| &*workspace.root);
        let file = root.unwrap_or(Path::new("")).join(DEFAULT_STATE_FILE);
        relative_to_cwd(&match self.environment() {
            Some(name) => file_of_environment(&file, name),
            None => file,
        })
    }

    /// Whether apps go to a platform, where they run.
    pub(crate) fn is_platform(&self) -> bool {
        self.target_name != FILE
    }

    /// The same, without asking the platform what is deployed.
    pub(crate) fn without_asking(self) -> Self {
        Self {
            asks_platform: false,
            ..self
        }
    }

    /// The target, for apps that were read out of binaries.
    pub(crate) fn target_for_linked_apps(
        &self,
        manifest: &Manifest,
        binaries: Vec<Binary>,
    ) -> Result<Box<dyn Target>, Failure> {
        let apps = manifest.apps.iter();
        let settings =
            apps.map(|app| (app.name.clone(), self.app_settings(&app.name, &app.package)));
        self.make_target(settings.collect(), binaries, self.current_commit())
    }

    /// The target, for apps that are already deployed.
    pub(crate) fn target_for_deployed_apps(
        &self,
        state: &State,
    ) -> Result<Box<dyn Target>, Failure> {
        let apps = state.deployed_to(&self.target_name).apps;
        let settings = apps.into_iter().map(|(name, app)| {
            let package = Some(app.package.as_str()).filter(|package| !package.is_empty());
            let settings = self.settings.for_app(&name, package);
            (name, settings)
        });
        self.make_target(settings.collect(), Vec::new(), None)
    }

    /// Where on the platform commands go, as far as that is known.
    pub(crate) fn find_place(&self) -> Result<Option<String>, Failure> {
        let target = self.make_target(BTreeMap::new(), Vec::new(), None)?;
        Ok(target.find_place(self.limits))
    }

    /// The target, for a question about one deployed app. The platform is not asked whether it has
    /// the app.
    pub(crate) fn target_with_app(&self, app: &str) -> Result<Box<dyn Target>, Failure> {
        let state = Store::read(self.state.clone())?;
        let target = self.target_for_deployed_apps(&state)?;
        let deployed = self.at_place(&*target, state.deployed_to(target.name()))?;
        deployed.find(app)?;
        Ok(target)
    }

    fn make_target(
        &self,
        settings_by_app: BTreeMap<String, AppSettings>,
        binaries: Vec<Binary>,
        commit: Option<Commit>,
    ) -> Result<Box<dyn Target>, Failure> {
        let project = Project {
            binaries,
            apps: settings_by_app,
            commit,
            ..self.project.clone()
        };
        Ok(target(&self.target_name, project)?)
    }

    /// The settings of an app. If they name no `Dockerfile`, that of the package or else that of
    /// the workspace is taken.
    pub(crate) fn app_settings(&self, app: &str, package: &str) -> AppSettings {
        let mut settings = self.settings.for_app(app, Some(package));
        if let (None, Some(workspace)) = (&settings.dockerfile, &self.workspace) {
            let folders = workspace.package_folder(package).into_iter();
            let mut files = folders
                .chain([relative_to_cwd(&workspace.root)])
                .map(|folder| folder.join("Dockerfile"));
            settings.dockerfile = files.find(|file| file.is_file());
        }
        settings
    }

    /// What is deployed, with the place where commands go. Another place than the state's is
    /// refused.
    pub(crate) fn at_place(
        &self,
        target: &dyn Target,
        deployed: Deployed,
    ) -> Result<Deployed, Failure> {
        Ok(target.at_place(deployed, self.limits)?)
    }

    /// Checks that drift can be seen: the files of the target are there, or the platform has a
    /// command that says what it has.
    pub(crate) fn check_can_be_asked(&self, target: &dyn Target) -> Result<(), Failure> {
        let is_asked = target.list_command().is_some() && self.asks_platform;
        if is_asked || self.saved_answer.is_some() || target.folder().is_some() {
            return Ok(());
        }
        let name = target.name();
        Err(Failure::new(format!(
            "{name} cannot be asked what is deployed, so drift is not seen"
        ))
        .help("compare the code with the state instead: `cargo machinist plan`"))
    }

    /// What the platform says is deployed; `None` if it has no say or is not to be asked.
    pub(crate) fn read_live(
        &self,
        target: &dyn Target,
        known: &Deployed,
        output: &Output,
    ) -> Result<Option<Live>, Failure> {
        if let Some(file) = &self.saved_answer {
            let path = file.display();
            let cannot_read =
                |reason: String| Failure::new(format!("cannot read `{path}`: {reason}"));
            let text = fs::read_to_string(file).map_err(|error| cannot_read(error.to_string()))?;
            return target
                .read_list(&text, known)
                .map(Some)
                .map_err(cannot_read);
        }
        if !self.asks_platform || target.list_command().is_none() {
            return Ok(None);
        }
        output.status("Asking", &format!("{} what is deployed", target.name()));
        let live = target.live(known, self.limits).map_err(|problem| {
            Failure::from(problem)
                .help("with `--no-refresh` the platform is not asked, and the state is trusted")
        })?;
        Ok(live)
    }

    /// What is deployed: what the state says, corrected by what the platform says.
    pub(crate) fn refresh(
        &self,
        target: &dyn Target,
        deployed: Deployed,
        output: &Output,
    ) -> Result<Deployed, Failure> {
        let deployed = self.at_place(target, deployed)?;
        Ok(match self.read_live(target, &deployed, output)? {
            Some(live) => deployed.refreshed(&live),
            None => deployed,
        })
    }

    /// Where it is, for people and for data.
    pub(crate) fn place<'a>(&'a self, target: &dyn Target, deployed: &'a Deployed) -> Place<'a> {
        Place::new(self.environment(), target, deployed.place.as_deref())
    }

    /// The folder into which the target's files are written.
    pub(crate) fn output_folder(&self, target: &dyn Target) -> PathBuf {
        if let Some(folder) = target.folder() {
            return folder.to_owned();
        }
        let cargo_target = match &self.workspace {
            Some(workspace) => relative_to_cwd(&workspace.target_folder),
            None => self.state_file.with_file_name("target"),
        };
        // Each state has its own folder: deploys of several may run at once, and several projects
        // may have one build folder.
        let path = std::path::absolute(&self.state_file).unwrap_or(self.state_file.clone());
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let name = format!("{}-{:016x}", target.name(), hasher.finish());
        cargo_target.join("machinist").join(name)
    }

    /// The commit that is checked out.
    pub(crate) fn current_commit(&self) -> Option<Commit> {
        self.commit.get_or_init(|| self.find_commit()).clone()
    }

    fn find_commit(&self) -> Option<Commit> {
        let root = self.workspace.as_ref().map(|workspace| &*workspace.root);
        let repository = Repository::around(root.unwrap_or(Path::new(".")))?;
        let commit = repository.head()?;
        let mut changed = repository.changed_files()?.into_iter();
        Some(Commit {
            id: match changed.any(|file| !self.is_written_by_deploy(&file) && !self.is_plan(&file))
            {
                true => commit + "-dirty",
                false => commit,
            },
            subject: repository.subject(),
        })
    }

    /// Whether it is the plan that is carried out, which is no code.
    fn is_plan(&self, file: &Path) -> bool {
        let plan = self.plan_file.as_ref();
        let plan = plan.and_then(|plan| fs::canonicalize(plan).ok());
        plan.is_some() && plan == fs::canonicalize(file).ok()
    }

    /// Whether a deploy writes this file itself: such a file does not make the code differ from the
    /// commit.
    fn is_written_by_deploy(&self, file: &Path) -> bool {
        let name_of = |path: &Path| -> String {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        // The state may not exist yet.
        let folder_of = |path: &Path| {
            let path = std::path::absolute(path).unwrap_or(path.to_owned());
            fs::canonicalize(path.with_file_name("")).ok()
        };
        let (name, state_name) = (name_of(file), name_of(&self.state_file));
        let state_folder = folder_of(&self.state_file);
        let is_beside = state_folder.is_some() && state_folder == folder_of(file);
        // The lock, the journal and what a killed deploy left; the states of other targets too.
        let is_hidden = name.starts_with(&format!(".{state_name}."));
        let is_ours = is_hidden || name == state_name || name == effective_file(&self.state_file);
        let prefixes = ["machinist-state.", "machinist-effective.", ".machinist-"];
        is_beside && is_ours || prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}
