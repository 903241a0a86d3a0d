//! Where apps are deployed: the target, the state file, the settings and the folder for the target's
//! files.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use machinist_deploy::{
    AppSettings, Binary, Commit, Deployed, FILE, Live, Manifest, Project, Settings, State, Store,
    Target, effective_file, target,
};

use crate::args::deployment::{DeployedState, Deployment, PlanOptions, Refresh, StateFile};
use crate::args::selection::Selection;
use crate::args::source::AppSource;
use crate::failure::Failure;
use crate::git::Repository;
use crate::output::Output;
use crate::paths::relative_to_cwd;
use crate::workspace::Workspace;

/// The state file, unless a flag or the settings name another.
const DEFAULT_STATE_FILE: &str = "machinist-state.json";

/// The target that `--target` names, if it names one.
fn target_flag(selection: &Selection) -> Result<Option<String>, Failure> {
    match &*selection.deploy_targets() {
        [] => Ok(None),
        [name] => {
            // An unknown target is an error.
            target(name, Project::default())?;
            Ok(Some((*name).to_owned()))
        }
        names => {
            let names = names.join("` and `");
            Err(
                Failure::new(format!("a deploy goes to one target, not to `{names}`"))
                    .help("deploy to one after the other"),
            )
        }
    }
}

/// Where apps are deployed.
pub(crate) struct Destination {
    target_name: String,
    pub(crate) state_file: PathBuf,
    pub(crate) settings: Settings,
    workspace: Option<Workspace>,
    asks_platform: bool,
    /// The file with the platform's answer, if it is not to be asked.
    saved_answer: Option<PathBuf>,
}

impl Destination {
    /// For subcommands that build or read binaries.
    pub(crate) fn of_linked_apps(
        source: &AppSource,
        plan_options: &PlanOptions,
    ) -> Result<Self, Failure> {
        let selection = &source.selection;
        let target_flag = target_flag(selection)?;
        let workspace = Workspace::find(selection.manifest_path())?;
        let destination = Self::new(target_flag, &plan_options.file, workspace)?;
        let mut destination = destination.asking(&plan_options.refresh);
        if let (Some(folder), Some(workspace)) =
            (selection.target_dir(), &mut destination.workspace)
        {
            workspace.target_folder = folder.to_owned();
        }
        destination.asks_platform &= !selection.is_offline();
        Ok(destination)
    }

    /// For subcommands that build nothing.
    pub(crate) fn of_deployed_apps(deployment: &Deployment) -> Result<Self, Failure> {
        Ok(Self::of_state(&deployment.state)?.asking(&deployment.refresh))
    }

    /// For subcommands that change the state and nothing else. The platform is not asked.
    pub(crate) fn of_state(state: &DeployedState) -> Result<Self, Failure> {
        let workspace = Workspace::find(state.manifest_path.as_deref())?;
        Self::new(state.target.clone(), &state.file, workspace)
    }

    fn new(
        target_flag: Option<String>,
        file: &StateFile,
        workspace: Option<Workspace>,
    ) -> Result<Self, Failure> {
        let cargo_tomls = workspace
            .as_ref()
            .map_or(&[][..], |workspace| &workspace.cargo_tomls);
        let settings = Settings::read(cargo_tomls)?;
        let target_name = match target_flag {
            Some(name) => name,
            None => settings.target()?.unwrap_or(FILE).to_owned(),
        };
        let root = workspace
            .as_ref()
            .map_or(Path::new(""), |workspace| &workspace.root);
        let state_file = match (&file.state, settings.state()?) {
            (Some(flag), _) => flag.clone(),
            (None, Some(setting)) => setting.to_owned(),
            (None, None) => root.join(DEFAULT_STATE_FILE),
        };
        Ok(Self {
            target_name,
            state_file: relative_to_cwd(&state_file),
            settings,
            workspace,
            asks_platform: false,
            saved_answer: None,
        })
    }

    /// The same, where the platform is asked unless a flag says otherwise.
    fn asking(self, refresh: &Refresh) -> Self {
        Self {
            asks_platform: !refresh.no_refresh,
            saved_answer: refresh.live.clone(),
            ..self
        }
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

    /// The target, for a question about one deployed app. The platform is not asked whether it has
    /// the app.
    pub(crate) fn target_with_app(&self, app: &str) -> Result<Box<dyn Target>, Failure> {
        let state = Store::read(&self.state_file)?;
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
            state_file: self.state_file.clone(),
            commit,
            ..self.settings.project(settings_by_app)?
        };
        Ok(target(&self.target_name, project)?)
    }

    /// The settings of an app. If they name no `Dockerfile`, that of the package or else that of
    /// the workspace is taken.
    fn app_settings(&self, app: &str, package: &str) -> AppSettings {
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
        Ok(target.at_place(deployed, self.settings.limits()?)?)
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
        let limits = self.settings.limits()?;
        let live = target.live(known, limits).map_err(|problem| {
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
        let root = self.workspace.as_ref().map(|workspace| &*workspace.root);
        let repository = Repository::around(root.unwrap_or(Path::new(".")))?;
        let commit = repository.head()?;
        let mut changed = repository.changed_files()?.into_iter();
        Some(Commit {
            id: match changed.any(|file| !self.is_written_by_deploy(&file)) {
                true => commit + "-dirty",
                false => commit,
            },
            subject: repository.subject(),
        })
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
