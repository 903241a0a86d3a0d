//! Carries a change out: writes its files, runs the platform's tool, and records every app when it
//! is done.

mod jobs;
mod progress;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use crate::app_plan::{Action, AppPlan, Plan};
use crate::deployed::Deployed;
use crate::file::{copy_file, write_file, write_file_unsynced};
use crate::history::DeployStamp;
use crate::limits::Limits;
use crate::rendering::{Contents, RenderedFile, Rendering};
use crate::state::State;
use crate::store::{Store, StoreError};
use crate::targets::Target;
use jobs::{Job, Ran, Recorder, Runner, mask};
pub use progress::Progress;

/// Why a change was not carried out, or only in part.
#[derive(Debug)]
pub struct ApplyError {
    /// What failed first.
    pub first: Box<ApplyFailure>,
    /// What else failed, where several apps were deployed at once.
    pub others: Vec<ApplyFailure>,
    /// The apps that were changed as planned, and recorded.
    pub done: Vec<String>,
    /// The apps that were not changed, or in part.
    pub not_done: Vec<String>,
}

/// What failed.
#[derive(Clone, Debug)]
pub struct ApplyFailure {
    /// The app; `None` if it is about all of them.
    pub app: Option<String>,
    /// What is wrong.
    pub problem: Problem,
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
/// use std::num::NonZeroUsize;
/// use machinist_deploy::{
///     Apply, Deployed, Limits, DeployStamp, Options, Project, Store, plan, target,
/// };
/// # let manifest = machinist_deploy::Manifest::parse(r#"{"manifest_version": 1, "apps": []}"#)?;
/// # let folder = tempfile::tempdir()?;
///
/// let state_file = folder.path().join("machinist-state.json");
/// let mut store = Store::open(&state_file, None)?;
/// let target = target("file", Project { state_file, ..Project::default() })?;
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
///     jobs: NonZeroUsize::MIN,
/// };
/// apply.plan(&plan, &rendering, &mut |_| {}).map_err(|error| error.first.problem)?;
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
    /// For how many apps the tool may run at once.
    pub jobs: NonZeroUsize,
    /// The state before the change.
    pub before: State,
}

impl Apply<'_> {
    /// Carries a plan out. Each app is recorded when it is done, so that the state is right even if
    /// another one fails, or the process is killed. After a failure no other app is begun.
    ///
    /// # Errors
    ///
    /// What failed, with the apps that were done.
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
        let failed = |problem| {
            let touched = plan.changed_apps();
            ApplyError::before_any_app(problem, touched.map(|app| &*app.name))
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
        let jobs = Job::of_plan(plan, rendering);
        let names = || jobs.iter().map(|job| &*job.app.name);
        self.find_place()
            .and_then(|()| write(rendering, &self.folder, report))
            .map_err(|problem| ApplyError::before_any_app(problem, names()))?;
        let has_job: BTreeSet<&str> = names().collect();
        let without_job = plan.apps.iter().filter(|app| !has_job.contains(&*app.name));
        without_job.for_each(|app| self.deployed.settle(app, &self.stamp));

        let (folder, limits, at_once) = (self.folder.clone(), self.limits, self.jobs);
        let runner = Runner {
            folder: &folder,
            limits,
            count: jobs.len(),
        };
        let mut bookkeeper = Bookkeeper {
            apply: self,
            outcome: Outcome::default(),
        };
        runner.run_all(&jobs, at_once, report, &mut bookkeeper);
        let outcome = bookkeeper.outcome;
        let done: BTreeSet<&str> = outcome.done.iter().map(String::as_str).collect();
        let not_done: Vec<&str> = names().filter(|name| !done.contains(name)).collect();
        if !not_done.is_empty() {
            self.store.note_not_done(&not_done);
        }
        let not_done = not_done.into_iter().map(str::to_owned).collect();
        let saved = self.save();
        let saved = saved.and_then(|_| self.save_revisions(&outcome.settled));
        let mut failures = outcome.failures.into_iter();
        let saved = saved.map_err(|error| self.not_saved(error));
        let about_all = |problem| ApplyFailure { app: None, problem };
        match (failures.next(), saved) {
            (None, Ok(state)) => Ok(state),
            (None, Err(problem)) => Err(ApplyError {
                done: outcome.done,
                not_done,
                ..ApplyError::before_any_app(problem, [])
            }),
            (Some(first), saved) => Err(ApplyError {
                first: Box::new(first),
                others: failures.chain(saved.err().map(about_all)).collect(),
                done: outcome.done,
                not_done,
            }),
        }
    }

    /// Records that the commands of an app are about to run.
    fn begin(&mut self, app: &AppPlan) -> Result<(), Problem> {
        let is_reported = self.target.list_command().is_some();
        let has_nothing_to_tell = is_reported && app.scaling_changes().next().is_none();
        if has_nothing_to_tell && app.action != Action::Create {
            return Ok(());
        }
        self.deployed.begin(app, is_reported);
        let recorded = self.record(&app.name).map_err(Problem::from);
        recorded.map_err(|problem| problem.note(format!("`{}` was not begun", app.name)))
    }

    /// Puts what was begun where others see it, before its commands run.
    fn publish(&mut self) -> Result<(), Problem> {
        self.store.publish().map_err(Problem::from)
    }

    /// Records an app whose commands ran.
    fn finish(&mut self, job: &Job<'_>, ran: Ran, outcome: &mut Outcome) {
        let app = job.app;
        let name = || app.name.clone();
        let mut failures = Vec::new();
        let is_settled = match &ran {
            Ok(()) => {
                self.deployed.settle(app, &self.stamp);
                true
            }
            Err(failed) if failed.is_half_done() && app.action != Action::Create => {
                self.deployed
                    .settle(&app.without_scaling_changes(), &self.stamp);
                // The next deploy is to repeat it; its scaling may have arrived.
                self.deployed.begin(app, true);
                if let Some(state) = self.deployed.apps.get_mut(&app.name) {
                    state.is_interrupted = true;
                }
                true
            }
            Err(failed) => {
                if !failed.is_started {
                    self.deployed.take_back(app);
                    failures.extend(self.record(&app.name).err().map(Problem::from));
                }
                false
            }
        };
        let is_done = ran.is_ok();
        failures.extend(ran.err().map(|failed| failed.problem));
        if is_settled {
            outcome.settled.push(name());
            match self.record(&app.name) {
                Ok(()) if is_done => outcome.done.push(name()),
                Ok(()) => {}
                Err(error) => {
                    failures.push(self.not_recorded(error, app, "the next deploy repeats it"));
                }
            }
        }
        outcome
            .failures
            .extend(failures.into_iter().map(|problem| ApplyFailure {
                app: Some(name()),
                problem,
            }));
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
    ) -> Result<State, ApplyError> {
        self.tune(app, rendering, report)
            .map_err(|problem| ApplyError {
                first: Box::new(ApplyFailure {
                    app: Some(app.name.clone()),
                    problem,
                }),
                others: Vec::new(),
                done: Vec::new(),
                not_done: vec![app.name.clone()],
            })
    }

    fn tune(
        &mut self,
        app: &AppPlan,
        rendering: &Rendering,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<State, Problem> {
        let has_steps = !rendering.steps.is_empty();
        if has_steps {
            self.find_place()?;
            write(rendering, &self.folder, report)?;
            let folder = self.folder.clone();
            let runner = Runner {
                folder: &folder,
                limits: self.limits,
                count: 1,
            };
            let job = Job {
                app,
                nth: 1,
                steps: rendering.steps.iter().collect(),
                mask: mask(app, rendering),
            };
            // A platform that can be asked reports the tuned value, even after a kill.
            if self.target.list_command().is_none() {
                self.begin(app)?;
            }
            self.publish()?;
            runner.run(&job, report).map_err(|failed| failed.problem)?;
            if let Some(state) = self.deployed.apps.get_mut(&app.name) {
                state.is_interrupted &= !rendering.sends_code();
            }
        }
        self.deployed.settle_tuning(app, &self.stamp);
        // A kill after the state is saved leaves the journal, which must say the same.
        let recorded = match has_steps {
            true => self.record(&app.name),
            false => Ok(()),
        };
        let saved = recorded.and_then(|()| self.save());
        let state = saved.map_err(|error| match has_steps {
            true => self.not_recorded(error, app, "scale it again, or the next deploy undoes it"),
            false => error.into(),
        })?;
        if !has_steps {
            write(rendering, &self.folder, report)?;
        }
        Ok(state)
    }

    /// Finds out where the commands go, and refuses another place than the state's.
    fn find_place(&mut self) -> Result<(), Problem> {
        let deployed = std::mem::take(&mut self.deployed);
        self.deployed = self.target.at_place(deployed, self.limits)?;
        Ok(())
    }

    /// The state cannot be saved after commands ran.
    fn not_saved(&self, error: StoreError) -> Problem {
        let is_changed = matches!(error, StoreError::Changed { .. });
        let problem = Problem::from(error);
        match is_changed {
            true => problem
                .help(format!(
                    "restore the state with the serial {}, and run any command: what was carried \
                     out is in the journal beside it",
                    self.before.serial
                ))
                .note(format!(
                    "{} was changed, and the state does not say so",
                    self.target.name()
                )),
            false => problem,
        }
    }

    /// The platform was changed, and the state could not be saved.
    fn not_recorded(&self, error: StoreError, app: &AppPlan, then: &str) -> Problem {
        Problem::from(error).note(format!(
            "{} carried out the change of `{}`, but the state does not record it: {then}",
            self.target.name(),
            app.name
        ))
    }

    /// Records an app in the journal or, if that cannot be written, in the state itself.
    fn record(&mut self, app: &str) -> Result<(), StoreError> {
        let recorded = self.store.record(self.target.name(), &self.deployed, app);
        recorded.or_else(|error| self.save().map(drop).map_err(|_| error))
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
    fn save_revisions(&mut self, apps: &[String]) -> Result<State, StoreError> {
        let live = self.target.live(&self.deployed, self.limits);
        let live = live.ok().flatten().unwrap_or_default();
        for app in apps {
            let live = live.apps.get(app);
            let revision = live.and_then(|live| live.revision.as_deref());
            if let (Some(state), Some(revision)) = (self.deployed.apps.get_mut(app), revision) {
                state.record_revision(revision, &self.stamp);
            }
        }
        self.save()
    }
}

/// Records what becomes of the apps.
struct Bookkeeper<'r, 'a> {
    apply: &'r mut Apply<'a>,
    outcome: Outcome,
}

impl Recorder for Bookkeeper<'_, '_> {
    fn begin(&mut self, job: &Job<'_>) -> Result<(), Problem> {
        self.apply.begin(job.app)
    }

    fn publish(&mut self) -> Result<(), Problem> {
        self.apply.publish()
    }

    fn end(&mut self, job: &Job<'_>, ran: Ran) -> bool {
        self.apply.finish(job, ran, &mut self.outcome);
        self.outcome.failures.is_empty()
    }
}

/// What became of the apps.
#[derive(Default)]
struct Outcome {
    /// Those that were changed as planned, and recorded.
    done: Vec<String>,
    /// Those of which the platform has something new.
    settled: Vec<String>,
    failures: Vec<ApplyFailure>,
}

impl ApplyError {
    fn before_any_app<'a>(problem: Problem, apps: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            first: Box::new(ApplyFailure { app: None, problem }),
            others: Vec::new(),
            done: Vec::new(),
            not_done: apps.into_iter().map(str::to_owned).collect(),
        }
    }
}
