//! Carries a change out: writes its files, runs the platform's tool, and saves the state after
//! every app.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use crate::app_plan::{AppPlan, Plan};
use crate::deployed::Deployed;
use crate::file::{copy_file, write_file, write_file_unsynced};
use crate::history::DeployStamp;
use crate::limits::Limits;
use crate::state::State;
use crate::store::{Store, StoreError};
use crate::targets::{Contents, RenderedFile, Rendering, Step, StepKind, Target};

/// A step of a change, reported while it is carried out.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A file was written.
    Wrote(&'a Path),
    /// A command is about to run.
    Runs(&'a Step),
}

/// Why a change was not carried out, or only in part.
#[derive(Debug)]
pub struct ApplyError {
    /// What is wrong.
    pub problem: Problem,
    /// The apps that were deployed before the error.
    pub done: Vec<String>,
    /// The apps that were not deployed; the first one may be deployed in part.
    pub not_done: Vec<String>,
}

/// Writes the files of a rendering into a folder.
///
/// # Errors
///
/// Which file cannot be written, and why.
pub fn write(
    rendering: &Rendering,
    folder: &Path,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Problem> {
    for file in &rendering.files {
        let path = folder.join(&file.path);
        // Without a tool the files are the deploy, so they are synced to disk.
        write_rendered(file, &path, rendering.steps.is_empty())
            .map_err(|error| Problem::new(format!("cannot write `{}`: {error}", path.display())))?;
        report(Progress::Wrote(&path));
    }
    Ok(())
}

fn write_rendered(file: &RenderedFile, path: &Path, is_synced: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match &file.contents {
        Contents::Text(text) if is_synced => write_file(path, text),
        Contents::Text(text) => write_file_unsynced(path, text),
        Contents::CopyOf(original) => copy_file(original, path),
    }
}

/// A change that is about to be carried out.
///
/// ```
/// use machinist_deploy::{
///     Apply, Deployed, Limits, DeployStamp, Options, Project, Store, plan, target,
/// };
/// # let manifest = machinist_deploy::Manifest::parse(r#"{"manifest_version": 1, "apps": []}"#)?;
/// # let folder = tempfile::tempdir()?;
///
/// let mut store = Store::open(&folder.path().join("machinist-state.json"))?;
/// let target = target("file", Project::default())?;
/// let plan = plan(&manifest, &Deployed::default(), &Options::default());
/// let after = Deployed::default().after(&plan, &DeployStamp::default());
/// let rendering = target.deploy(&plan, &after)?;
/// let apply = Apply {
///     store: &mut store,
///     target: &*target,
///     deployed: Deployed::default(),
///     folder: folder.path().to_owned(),
///     stamp: DeployStamp::now(1, None),
///     limits: Limits::default(),
/// };
/// apply.plan(&plan, &rendering, &mut |_| {}).map_err(|error| error.problem)?;
/// assert!(folder.path().join("machinist-effective.json").is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Apply<'a> {
    /// The state's file, locked.
    pub store: &'a mut Store,
    /// The target of the change.
    pub target: &'a dyn Target,
    /// What is deployed there, according to the platform.
    pub deployed: Deployed,
    /// Where the rendering's files are written.
    pub folder: PathBuf,
    /// The time and the commit of the deploy.
    pub stamp: DeployStamp,
    /// How long the platform's tool may take.
    pub limits: Limits,
}

impl Apply<'_> {
    /// Carries a plan out, app by app. The state is saved after each app, so that it is right even
    /// if a later one fails.
    ///
    /// # Errors
    ///
    /// What failed, with the apps that were deployed before.
    pub fn plan(
        mut self,
        plan: &Plan,
        rendering: &Rendering,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<State, ApplyError> {
        let apps = &plan.apps;
        let names = |apps: &[AppPlan]| apps.iter().map(|app| app.name.clone()).collect();
        let failed = |problem, at: usize| ApplyError {
            problem,
            done: names(&apps[..at]),
            not_done: names(&apps[at..]),
        };
        write(rendering, &self.folder, report).map_err(|problem| failed(problem, 0))?;
        let mut state = self.store.state();
        let has_steps = !rendering.steps.is_empty();
        for (i, app) in apps.iter().enumerate() {
            let ran = self.run(app, rendering, report);
            match &ran {
                Ok(()) => {
                    self.deployed.settle(app, &self.stamp);
                    self.record_artifact(&app.name, rendering);
                }
                Err((Some(StepKind::Deploy), _)) => {
                    let without_scaling = app.without_scaling_changes();
                    self.deployed.settle(&without_scaling, &self.stamp);
                }
                Err(_) => {}
            }
            // Without a platform, one write is enough for all apps.
            let first = if has_steps { i } else { 0 };
            let is_last = i + 1 == apps.len() || ran.is_err();
            if is_last || has_steps {
                let mut saved = self.save();
                // If no command ran, revision names cannot have changed.
                if is_last && has_steps {
                    saved = saved.and_then(|_| self.save_revisions(&apps[..=i]));
                }
                ran.map_err(|(_, problem)| failed(problem, i))?;
                state = saved.map_err(|error| match rendering.runs_for(app) {
                    true => ApplyError {
                        not_done: names(&apps[i + 1..]),
                        ..failed(self.not_recorded(error, app), first)
                    },
                    false => failed(error.into(), first),
                })?;
            }
        }
        Ok(state)
    }

    /// Tunes an app.
    ///
    /// # Errors
    ///
    /// What failed.
    pub fn tuning(
        mut self,
        app: &AppPlan,
        rendering: &Rendering,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<State, Problem> {
        write(rendering, &self.folder, report)?;
        self.run(app, rendering, report)
            .map_err(|(_, problem)| problem)?;
        self.deployed.settle_tuning(app);
        self.save().map_err(|error| match rendering.runs_for(app) {
            true => self.not_recorded(error, app),
            false => error.into(),
        })
    }

    /// Runs the commands of an app. An error comes with the kind of the last command that
    /// succeeded.
    fn run(
        &self,
        app: &AppPlan,
        rendering: &Rendering,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), (Option<StepKind>, Problem)> {
        let mut last_done = None;
        for step in rendering.steps.iter().filter(|step| step.app == app.name) {
            report(Progress::Runs(step));
            step.command
                .run(&self.folder, self.limits)
                .map_err(|problem| (last_done, problem))?;
            last_done = Some(step.kind);
        }
        Ok(())
    }

    fn record_artifact(&mut self, app: &str, rendering: &Rendering) {
        let artifact = rendering.artifacts.get(app);
        if let (Some(state), Some(artifact)) = (self.deployed.apps.get_mut(app), artifact) {
            state.artifact = Some(artifact.clone());
        }
    }

    /// The platform was changed, and the state could not be saved.
    fn not_recorded(&self, error: StoreError, app: &AppPlan) -> Problem {
        Problem::from(error).note(format!(
            "{} carried out the change of `{}`, but the state does not record it: the next deploy \
             repeats it",
            self.target.name(),
            app.name
        ))
    }

    fn save(&mut self) -> Result<State, StoreError> {
        let state = self.store.state();
        let state = state.with(self.target.name(), self.deployed.clone());
        self.store.save(&state)?;
        Ok(state)
    }

    /// Records the platform's names of the new deploys, which a rollback needs. The state is saved
    /// before the platform is asked, and a deploy is complete without an answer.
    fn save_revisions(&mut self, apps: &[AppPlan]) -> Result<State, StoreError> {
        let live = self.target.live(&self.deployed, self.limits);
        let live = live.ok().flatten().unwrap_or_default();
        for app in apps {
            let live = live.apps.get(&app.name);
            let revision = live.and_then(|live| live.revision.as_deref());
            if let (Some(state), Some(revision)) = (self.deployed.apps.get_mut(&app.name), revision)
            {
                state.record_revision(revision, &self.stamp);
            }
        }
        self.save()
    }
}
