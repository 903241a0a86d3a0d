//! Carries a change out: writes its files, runs the platform's tool, and saves the state after
//! every app.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use crate::app_plan::{AppPlan, Plan};
use crate::deployed::Deployed;
use crate::file::{copy_file, write_file, write_file_unsynced};
use crate::history::DeployStamp;
use crate::limits::Limits;
use crate::rendering::{Contents, RenderedFile, Rendering, Step, StepKind};
use crate::state::State;
use crate::store::{Store, StoreError};
use crate::targets::Target;

/// A step of a change, reported while it is carried out.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A file was written.
    Wrote(&'a Path),
    /// A command is about to run.
    Runs {
        /// The command.
        step: &'a Step,
        /// Which app it is for, from 1.
        nth: usize,
        /// For how many apps commands run.
        of: usize,
    },
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
///     before: store.state(),
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
    /// The state before the change.
    pub before: State,
}

impl Apply<'_> {
    /// Carries a plan out, app by app. Each app is recorded when it is done, so that the state is
    /// right even if a later one fails, or the process is killed.
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
        match rendering.steps.is_empty() {
            true => self.without_platform(plan, rendering, report),
            false => self.on_platform(plan, rendering, report),
        }
    }

    /// Where no command runs, the state is written before the files that follow from it.
    fn without_platform(
        &mut self,
        plan: &Plan,
        rendering: &Rendering,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<State, ApplyError> {
        let names = || plan.apps.iter().map(|app| app.name.clone()).collect();
        let failed = |problem| ApplyError {
            problem,
            done: Vec::new(),
            not_done: names(),
        };
        for app in &plan.apps {
            self.deployed.settle(app, &self.stamp);
        }
        let state = self.save().map_err(|error| failed(error.into()))?;
        write(rendering, &self.folder, report).map_err(|problem| {
            failed(problem.note("the state is written: the next deploy writes this file"))
        })?;
        Ok(state)
    }

    fn on_platform(
        &mut self,
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
        self.find_place().map_err(|problem| failed(problem, 0))?;
        write(rendering, &self.folder, report).map_err(|problem| failed(problem, 0))?;
        let steps = steps_by_app(rendering);
        let mut outcome = Ok(());
        let (mut tried, mut nth) = (0, 0);
        for (i, app) in apps.iter().enumerate() {
            let app_steps = steps.get(&*app.name);
            nth += usize::from(app_steps.is_some());
            let ran = self.run(app_steps, (nth, steps.len()), report);
            tried = i + 1;
            match &ran {
                Ok(()) => self.deployed.settle(app, &self.stamp),
                Err((Some(StepKind::Deploy), _)) => {
                    let mut without_scaling = app.without_scaling_changes();
                    // The next deploy is to repeat it.
                    without_scaling.artifact = None;
                    self.deployed.settle(&without_scaling, &self.stamp);
                }
                Err(_) => {}
            }
            let recorded = match app_steps {
                Some(_) => self.record(&app.name),
                None => Ok(()),
            };
            outcome = match (ran, recorded) {
                (Err((_, problem)), _) => Err(failed(problem, i)),
                (Ok(()), Err(error)) => Err(ApplyError {
                    not_done: names(&apps[i + 1..]),
                    ..failed(self.not_recorded(error, app), i)
                }),
                (Ok(()), Ok(())) => Ok(()),
            };
            if outcome.is_err() {
                break;
            }
        }
        let saved = self.save();
        let saved = saved.and_then(|_| self.save_revisions(&apps[..tried]));
        outcome?;
        saved.map_err(|error| ApplyError {
            not_done: Vec::new(),
            ..failed(error.into(), tried)
        })
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
        let has_steps = !rendering.steps.is_empty();
        if has_steps {
            self.find_place()?;
            write(rendering, &self.folder, report)?;
            let steps = steps_by_app(rendering);
            self.run(steps.get(&*app.name), (1, 1), report)
                .map_err(|(_, problem)| problem)?;
        }
        self.deployed.settle_tuning(app, &self.stamp);
        let state = self.save().map_err(|error| match has_steps {
            true => self.not_recorded(error, app),
            false => error.into(),
        })?;
        if !has_steps {
            write(rendering, &self.folder, report)?;
        }
        Ok(state)
    }

    /// Finds out where the commands go, and refuses another place than the state's.
    fn find_place(&mut self) -> Result<(), Problem> {
        let place = self.target.find_place(self.limits);
        self.deployed
            .check_place(self.target.name(), place.as_deref())?;
        if place.is_some() {
            self.deployed.place = place;
        }
        Ok(())
    }

    /// Runs the commands of an app. An error comes with the kind of the last command that
    /// succeeded.
    fn run(
        &self,
        steps: Option<&Vec<&Step>>,
        (nth, of): (usize, usize),
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), (Option<StepKind>, Problem)> {
        let mut last_done = None;
        for step in steps.into_iter().flatten() {
            self.run_step(step, &mut |step| report(Progress::Runs { step, nth, of }))
                .map_err(|problem| (last_done, problem))?;
            last_done = Some(step.kind);
        }
        Ok(())
    }

    /// Runs the command of a step and, if that fails, the fallback.
    fn run_step(&self, step: &Step, report: &mut dyn FnMut(&Step)) -> Result<(), Problem> {
        report(step);
        let failed = match step.command.run(&self.folder, self.limits) {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let Some(fallback) = &step.fallback else {
            return Err(failed.problem);
        };
        if !failed.has_exited {
            return Err(failed.problem);
        }
        let second = Step {
            command: fallback.clone(),
            fallback: None,
            ..step.clone()
        };
        report(&second);
        let run = second.command.run(&self.folder, self.limits);
        run.map_err(|second| Problem {
            message: format!("{}, and {}", failed.problem.message, second.problem.message),
            help: Some(
                "see the output of both above, fix the cause and try again: what was done is kept"
                    .into(),
            ),
            ..second.problem
        })
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

    fn record(&mut self, app: &str) -> Result<(), StoreError> {
        let state = self.deployed.apps.get(app);
        let state = state.filter(|state| !state.is_found);
        self.store.record(self.target.name(), app, state)
    }

    fn save(&mut self) -> Result<State, StoreError> {
        let state = self
            .before
            .with(self.target.name(), self.deployed.recorded());
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

fn steps_by_app(rendering: &Rendering) -> BTreeMap<&str, Vec<&Step>> {
    let mut steps: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &rendering.steps {
        steps.entry(&step.app).or_default().push(step);
    }
    steps
}
