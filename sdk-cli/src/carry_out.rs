//! Carrying out a change: asking for consent, showing progress, saying what was done.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use machinist_deploy::{
    AppPlan, Apply, DeployStamp, Deployed, Plan, Progress, Rendering, State, Store, Target,
};

use crate::args::globals::Format;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::output::Output;
use crate::plan_report::PlanReport;

/// Reads the state. Unless it is a dry run, the state file stays locked until the `Store` is
/// dropped, so that the change is carried out on the state that the plan was made from.
pub(crate) fn open_state(
    destination: &Destination,
    dry_run: bool,
) -> Result<(State, Option<Store>), Failure> {
    if dry_run {
        return Ok((Store::read(&destination.state_file)?, None));
    }
    let store = Store::open(&destination.state_file)?;
    Ok((store.state(), Some(store)))
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

/// A change that is planned and rendered, but not yet carried out.
pub(crate) struct PendingChange<'a> {
    pub(crate) destination: &'a Destination,
    pub(crate) target: &'a dyn Target,
    pub(crate) deployed: Deployed,
    pub(crate) rendering: &'a Rendering,
    /// The profile of the build, if there was one.
    pub(crate) profile: Option<&'a str>,
    pub(crate) output: &'a Output,
}

impl PendingChange<'_> {
    /// Where it goes, for a question.
    pub(crate) fn place(&self) -> String {
        let mut place = self.target.name().to_owned();
        let known = self.deployed.place.clone();
        if let Some(inside) = known.or_else(|| self.target.place()) {
            place += &format!(", {inside}");
        }
        if let Some(profile) = self.profile {
            place += &format!(", from a {profile} build");
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
        let report = PlanReport::new(plan, self.target, self.profile);
        let Some(store) = store else {
            let folder = self.destination.output_folder(self.target);
            let report = report.with_dry_run(self.rendering, &folder);
            report.print(self.output)?;
            return Ok(None);
        };
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
            None => Err(
                Failure::new("cannot ask for confirmation: there is no terminal")
                    .help("look at the changes with `--dry-run`, then pass `--yes`"),
            ),
        }
    }

    /// Carries out a plan.
    pub(crate) fn deploy(self, plan: &Plan, store: &mut Store) -> Result<(), Failure> {
        let (output, rendering) = (self.output, self.rendering);
        let (target_name, state_file) = (self.target.name(), &self.destination.state_file);
        let serial_before = store.state().serial;
        if self.target.folder().is_none() && !rendering.files.is_empty() {
            // Files of an earlier deploy must not be sent with this one.
            remove_folder(&self.destination.output_folder(self.target))?;
        }
        let report = PlanReport::new(plan, self.target, self.profile);
        let result = self.apply(store)?.plan(plan, rendering, &mut |progress| {
            show_progress(output, progress);
        });
        if output.format == Format::Json {
            report.with_result(&result).print(output)?;
        }
        let state = result?;
        if state.serial == serial_before && rendering.steps.is_empty() {
            output.status("Unchanged", "what is deployed matches the code");
        } else {
            let (file, serial) = (state_file.display(), state.serial);
            let text = format!("to {target_name}: `{file}` has serial {serial}");
            output.status("Deployed", &text);
        }
        Ok(())
    }

    /// Tunes an app.
    pub(crate) fn tune(self, app: &AppPlan, store: &mut Store) -> Result<(), Failure> {
        let (output, rendering) = (self.output, self.rendering);
        if output.format == Format::Json {
            let plan = Plan {
                apps: vec![app.clone()],
                ..Plan::default()
            };
            PlanReport::new(&plan, self.target, None).print(output)?;
        }
        self.apply(store)?.tuning(app, rendering, &mut |progress| {
            show_progress(output, progress);
        })?;
        output.status("Tuned", &format!("{}, until it is reset", app.name));
        Ok(())
    }

    fn apply<'s>(self, store: &'s mut Store) -> Result<Apply<'s>, Failure>
    where
        Self: 's,
    {
        let before = store.state();
        Ok(Apply {
            stamp: DeployStamp {
                by: current_user(),
                ..DeployStamp::now(
                    before.serial.saturating_add(1),
                    self.destination.current_commit(),
                )
            },
            before,
            folder: self.destination.output_folder(self.target),
            target: self.target,
            deployed: self.deployed,
            limits: self.destination.settings.limits()?,
            store,
        })
    }
}

fn show_progress(output: &Output, progress: Progress<'_>) {
    match progress {
        Progress::Wrote(path) => output.verbose("Wrote", &path.display().to_string()),
        Progress::Runs { step, nth, of } => {
            let count = if of > 1 {
                format!("[{nth}/{of}] ")
            } else {
                String::new()
            };
            output.status("Running", &format!("{count}{}", step.command));
        }
    }
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
