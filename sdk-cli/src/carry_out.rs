//! Carrying out a change: asking for consent, showing progress, saying what was done.

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::Path;

use machinist_core::problem::Problem;
use machinist_deploy::{
    Action, AppPlan, Apply, ApplyError, ChangeNote, Deploy, DeployStamp, Deployed, Limits, Plan,
    Progress, Rendering, State, StateLocation, Status, Store, Target, Wait, WaitResult, Why,
};

use crate::args::deployment::Deployment;
use crate::args::globals::Format;
use crate::change_note;
use crate::context::Context;
use crate::destination::Destination;
use crate::destinations;
use crate::failure::Failure;
use crate::known_states::KnownStates;
use crate::output::Output;
use crate::plan_report::{Place, PlanReport};

/// Reads the state. Unless it is a dry run, a state file stays locked until the `Store` is dropped,
/// so that the change is carried out on the state that the plan was made from.
pub(crate) fn open_state(
    destination: &Destination,
    dry_run: bool,
) -> Result<(State, Option<Store>), Failure> {
    if dry_run {
        return Ok((read_state(destination)?, None));
    }
    let store = open_store(destination)?;
    Ok((store.state(), Some(store)))
}

/// Opens the state, and locks its file.
pub(crate) fn open_store(destination: &Destination) -> Result<Store, Failure> {
    // Opening a file adds what a killed deploy recorded, so an old state is refused first.
    if let StateLocation::File(_) = destination.state {
        read_state(destination)?;
    }
    let store = Store::open(destination.state.clone(), destination.environment())?;
    check_environment(&store.state(), destination)?;
    check_moved(&store.state(), destination)?;
    Ok(store)
}

/// Reads the state as it is at this moment.
pub(crate) fn read_state(destination: &Destination) -> Result<State, Failure> {
    let state = Store::read(destination.state.clone())?;
    check_environment(&state, destination)?;
    check_newest(&state, destination)?;
    check_moved(&state, destination)?;
    Ok(state)
}

/// Checks that it is the state of the environment.
pub(crate) fn check_environment(state: &State, destination: &Destination) -> Result<(), Failure> {
    let environment = destination.environment();
    Ok(state.check_environment(&destination.state, environment)?)
}

/// Checks that no checkout brought an old state back. A state on a ref is checked when it is read.
pub(crate) fn check_newest(state: &State, destination: &Destination) -> Result<(), Failure> {
    let StateLocation::File(file) = &destination.state else {
        return Ok(());
    };
    let known = KnownStates::of(file).map_or_else(Vec::new, |known| known.find(file));
    Ok(state.check_newest(file, &known)?)
}

/// Checks that a new ref does not begin without the state of the project's file.
fn check_moved(state: &State, destination: &Destination) -> Result<(), Failure> {
    if !state.is_new() || matches!(destination.state, StateLocation::File(_)) {
        return Ok(());
    }
    let file = destination.default_state_file();
    let Some(in_file) = Store::read(&file).ok().filter(|state| state.serial > 0) else {
        return Ok(());
    };
    let (serial, path) = (in_file.serial, file.display());
    Err(Failure::new(format!(
        "`{}` has no state yet, and `{path}` has one with the serial {serial}",
        destination.state
    ))
    .help(format!(
        "move it with `cargo machinist state push {path}`, then delete the file; or delete it, if a \
         new state is to begin"
    )))
}

/// Keeps the state that this clone deployed, for [`check_newest`].
pub(crate) fn keep_state(store: &Store, destination: &Destination) {
    if let StateLocation::File(file) = &destination.state {
        if let Some(known) = KnownStates::of(file) {
            known.keep(&store.state());
        }
    }
}

/// Locks the state for a change, and prints what was found.
pub(crate) fn lock_state(
    store: &mut Store,
    note: &ChangeNote,
    output: &Output,
) -> Result<(), Failure> {
    for warning in store.lock(note)? {
        output.warning(&warning.into());
    }
    Ok(())
}

/// Prints what the target does not support, and what the platform must be set up for.
pub(crate) fn show_warnings_and_needs(rendering: &Rendering, output: &Output) {
    for warning in rendering.warnings() {
        output.warning(&warning.clone().into());
    }
    for need in rendering.needs() {
        output.status("Needs", need);
    }
}

/// What is deployed, for a command that changes it without a build.
pub(crate) struct DeployedApps {
    pub(crate) destination: Destination,
    pub(crate) target: Box<dyn Target>,
    pub(crate) deployed: Deployed,
    /// None in a dry run.
    pub(crate) store: Option<Store>,
}

impl DeployedApps {
    /// Reads the state that has these apps, and asks the platform.
    pub(crate) fn open(
        deployment: &Deployment,
        apps: &[&str],
        dry_run: bool,
        context: &Context,
    ) -> Result<Self, Failure> {
        let output = &context.output;
        let destination = destinations::of_deployed_app(deployment, apps, context)?;
        let (state, store) = open_state(&destination, dry_run)?;
        let target = destination.target_for_deployed_apps(&state)?;
        let deployed = destination.refresh(&*target, state.deployed_to(target.name()), output)?;
        Ok(Self {
            destination,
            target,
            deployed,
            store,
        })
    }
}

/// A change that is planned and rendered, but not yet carried out.
pub(crate) struct PendingChange<'a> {
    pub(crate) destination: &'a Destination,
    pub(crate) target: &'a dyn Target,
    pub(crate) deployed: Deployed,
    pub(crate) rendering: &'a Rendering,
    /// The profile of the build, if there was one.
    pub(crate) profile: Option<&'a str>,
    /// The earlier deploy that it restores, if it is a rollback.
    pub(crate) restores: Option<&'a Deploy>,
    /// For how many apps the platform's tool may run at once.
    pub(crate) jobs: NonZeroUsize,
    /// The apps to wait for, if they are waited for.
    pub(crate) wait: Option<Wait>,
    pub(crate) output: &'a Output,
}

impl<'a> PendingChange<'a> {
    /// A change of deployed apps, one after the other and without a build.
    pub(crate) fn new(
        destination: &'a Destination,
        target: &'a dyn Target,
        deployed: Deployed,
        rendering: &'a Rendering,
        output: &'a Output,
    ) -> Self {
        Self {
            destination,
            target,
            deployed,
            rendering,
            profile: None,
            restores: None,
            jobs: NonZeroUsize::MIN,
            wait: None,
            output,
        }
    }

    fn place(&self) -> Place<'_> {
        self.destination.place(self.target, &self.deployed)
    }

    /// Where it goes and how, for a question.
    pub(crate) fn place_and_build(&self) -> String {
        let mut place = self.place().to_string();
        if let Some(profile) = self.profile {
            place += &format!(", from a {profile} build");
        }
        if self.jobs > NonZeroUsize::MIN {
            place += &format!(", {} apps at once", self.jobs);
        }
        place
    }

    /// Prints the plan and asks `question`, unless there is nothing to do or consent is given.
    /// Returns the store if the change is to be carried out.
    pub(crate) fn confirm(
        &self,
        plan: &Plan,
        store: Option<Store>,
        is_agreed: bool,
        question: &str,
    ) -> Result<Option<Store>, Failure> {
        let place = self.place();
        let report = PlanReport::new(plan, place, self.profile);
        if self.wait.is_some() {
            self.warn_of_nothing_to_wait_for();
        }
        let Some(store) = store else {
            let folder = self.destination.output_folder(self.target);
            let report = report.with_files_and_commands(self.rendering, &folder);
            let report = report.with_wait(self.wait.as_ref());
            report.print(self.output)?;
            return Ok(None);
        };
        self.rendering.check_variables(is_set)?;
        // As JSON there is one document, at the end.
        if self.output.format == Format::Text {
            report.print(self.output)?;
        }
        let does_nothing = !plan.changes_something() && self.rendering.steps.is_empty();
        if does_nothing || is_agreed {
            return Ok(Some(store));
        }
        match self.output.ask(question) {
            Some(true) => Ok(Some(store)),
            Some(false) => Err(Failure::new("stopped: nothing was done")),
            None => {
                let reason = match self.output.format {
                    Format::Text | Format::Markdown => "there is no terminal",
                    Format::Json => "nobody has seen the plan",
                };
                let failure = Failure::new(format!("cannot ask for confirmation: {reason}"))
                    .help("look at the changes with `--dry-run`, then pass `--yes`");
                if self.output.format == Format::Json {
                    let report = PlanReport::new(plan, place, self.profile);
                    report.with_refusal(Some(&failure)).print(self.output)?;
                }
                Err(failure)
            }
        }
    }

    fn warn_of_nothing_to_wait_for(&self) {
        let target = self.target.name();
        if self.target.status_question("").is_none() {
            let message = format!("`--wait`: the target `{target}` runs no apps to wait for");
            self.output.warning(
                &Failure::new(message).help("leave out `--wait`, or deploy to a platform"),
            );
        }
    }

    /// Carries out a plan, and waits for its apps if that is asked for.
    pub(crate) fn deploy(self, plan: &Plan, store: Store) -> Result<(), Failure> {
        let (output, rendering) = (self.output, self.rendering);
        let (target_name, location) = (self.target.name(), &self.destination.state);
        let restores = self.restores;
        let what = change_note::of_deploy(plan, target_name, restores.is_some());
        let apply = |apply: Apply<'_>, report: &mut dyn FnMut(Progress<'_>)| {
            apply.plan(plan, rendering, report)
        };
        self.carry_out(plan, what, store, apply, |serial_before, state| {
            if !plan.stale_files.is_empty() {
                for file in &plan.stale_files {
                    output.status("Wrote", &file.display().to_string());
                }
            } else if state.serial == serial_before && rendering.steps.is_empty() {
                let matches = match restores {
                    Some(earlier) => format!("the deploy of {}", earlier.time),
                    None => "the code".into(),
                };
                output.status("Unchanged", &format!("what is deployed matches {matches}"));
            } else {
                let only_deletes = plan.changed_apps().all(|app| app.action == Action::Delete);
                let (status, preposition) = match (restores, only_deletes) {
                    (Some(_), _) => ("Restored", "on"),
                    (None, true) => ("Deleted", "from"),
                    (None, false) => ("Deployed", "to"),
                };
                let serial = state.serial;
                let text = format!("{preposition} {target_name}: `{location}` has serial {serial}");
                output.status(status, &text);
            }
        })
    }

    /// Tunes the app of a plan.
    pub(crate) fn tune(self, plan: &Plan, app: &AppPlan, store: Store) -> Result<(), Failure> {
        let (output, rendering) = (self.output, self.rendering);
        let what = change_note::of_tuning(app);
        let apply = |apply: Apply<'_>, report: &mut dyn FnMut(Progress<'_>)| {
            apply.tuning(app, rendering, report)
        };
        self.carry_out(plan, what, store, apply, |_, _| {
            let is_tuned = app.changes.iter().any(|change| change.why == Why::Tuned);
            let (status, text) = match (app.overrides().is_empty(), is_tuned) {
                (true, _) => ("Reset", ": the code's values are in effect"),
                (false, true) => ("Tuned", ", until it is reset"),
                (false, false) => ("Reset", ": other values of it stay tuned"),
            };
            output.status(status, &format!("{}{text}", app.name));
        })
    }

    /// Carries it out, keeps the state, says what was done (with the serial before it, and the state
    /// afterwards), waits, and with `--format json` prints what was done.
    fn carry_out(
        mut self,
        plan: &Plan,
        what: String,
        mut store: Store,
        apply: impl FnOnce(Apply<'_>, &mut dyn FnMut(Progress<'_>)) -> Result<State, ApplyError>,
        say_done: impl FnOnce(u64, &State),
    ) -> Result<(), Failure> {
        let (output, destination) = (self.output, self.destination);
        if plan.changes_something() || !self.rendering.steps.is_empty() {
            self.lock(plan, what, &mut store)?;
        }
        let serial_before = store.state().serial;
        self.remove_earlier_files()?;
        let (target, place) = (self.target, self.deployed.place.clone());
        let place = Place::new(destination.environment(), target, place.as_deref());
        let report = PlanReport::new(plan, place, self.profile);
        let limits = destination.limits;
        let mut wait = self.wait.take();
        if let Some(wait) = &mut wait {
            wait.ask_before(limits);
        }
        let result = apply(self.apply(&mut store)?, &mut |progress| {
            show_progress(output, progress);
        });
        keep_state(&store, destination);
        // Others may use the state while this waits.
        drop(store);
        let waited = result.as_ref().map(|state| {
            say_done(serial_before, state);
            let deployed = state.deployed_to(target.name());
            wait.map(|wait| until_ready(wait, target, &deployed, limits, output))
        });
        let waited = waited.ok().flatten().unwrap_or_default();
        if output.format == Format::Json {
            report.with_result(&result, &waited).print(output)?;
        }
        result?;
        failed_to_start(waited).map_or(Ok(()), Err)
    }

    /// Locks the state. Where somebody else changed it since it was read, the plan must not be about
    /// the same apps.
    fn lock(&mut self, plan: &Plan, what: String, store: &mut Store) -> Result<(), Failure> {
        let read = store.state();
        let note = change_note(what, self.destination);
        lock_state(store, &note, self.output)?;
        let newer = store.state();
        if newer != read {
            let name = self.target.name();
            let (read, newer) = (read.deployed_to(name), newer.deployed_to(name));
            let deployed = std::mem::take(&mut self.deployed);
            self.deployed = deployed.on_newer(&read, &newer, plan)?;
        }
        Ok(())
    }

    /// Files of an earlier change must not be sent with this one.
    fn remove_earlier_files(&self) -> Result<(), Failure> {
        match self.target.folder().is_none() && !self.rendering.files.is_empty() {
            true => remove_folder(&self.destination.output_folder(self.target)),
            false => Ok(()),
        }
    }

    fn apply<'s>(self, store: &'s mut Store) -> Result<Apply<'s>, Failure>
    where
        Self: 's,
    {
        let before = store.state();
        let commit = match self.restores {
            Some(earlier) => earlier.commit.clone(),
            None => commit_id(self.destination),
        };
        Ok(Apply {
            stamp: DeployStamp {
                by: current_user(),
                ..DeployStamp::now(before.serial.saturating_add(1), commit)
            },
            before,
            folder: self.destination.output_folder(self.target),
            target: self.target,
            deployed: self.deployed,
            limits: self.destination.limits,
            jobs: self.jobs,
            store,
        })
    }
}

/// Waits until apps answer.
fn until_ready(
    wait: Wait,
    target: &dyn Target,
    deployed: &Deployed,
    limits: Limits,
    output: &Output,
) -> Vec<WaitResult> {
    wait.until_ready(target, deployed, limits, &mut |app, status| {
        let verb = match status {
            Status::Ready(_) => "Ready",
            Status::Starting(_) | Status::Failed(_) => "Waiting",
        };
        let says = match status.says() {
            "" => String::new(),
            says => format!(": {says}"),
        };
        output.status(verb, &format!("`{app}`{says}"));
    })
}

/// The error of apps that do not answer; `None` if all do.
fn failed_to_start(waited: Vec<WaitResult>) -> Option<Failure> {
    let mut problems = waited.into_iter().filter_map(|result| result.problem);
    let mut failure = Failure::from(problems.next()?);
    for Problem { message, note, .. } in problems {
        let why = note.map_or_else(String::new, |note| format!(" ({note})"));
        failure = failure.note(format!("{message}{why}"));
    }
    Some(failure)
}

fn show_progress(output: &Output, progress: Progress<'_>) {
    match progress {
        Progress::Wrote(path) => output.verbose("Wrote", &path.display().to_string()),
        Progress::Runs { command, nth, of } => {
            let count = if of > 1 {
                format!("[{nth}/{of}] ")
            } else {
                String::new()
            };
            output.status("Running", &format!("{count}{command}"));
        }
        Progress::Output { app, line } => output.tool_line(app, line),
    }
}

/// Whether a variable of the environment has a value: of a secret that a CI job lacks it is empty.
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// What is noted about a change that is made now.
pub(crate) fn change_note(what: String, destination: &Destination) -> ChangeNote {
    ChangeNote {
        what,
        by: current_user(),
        commit: commit_id(destination),
    }
}

fn commit_id(destination: &Destination) -> Option<String> {
    destination.current_commit().map(|commit| commit.id)
}

/// Who carries a change out: the person of a CI job, or else the user of this machine.
fn current_user() -> Option<String> {
    const VARIABLES: [&str; 5] = [
        "GITHUB_ACTOR",
        "GITLAB_USER_LOGIN",
        "USER",
        "LOGNAME",
        "USERNAME",
    ];
    let mut names = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    names.find(|name| !name.is_empty())
}

fn remove_folder(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::new(format!(
            "cannot empty `{}`: {error}",
            folder.display()
        ))),
        _ => Ok(()),
    }
}
