//! Carrying a change out: consent, progress, and what was done.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use machinist_deploy::{
    AppPlan, Apply, DeployStamp, Deployed, Plan, Progress, Rendering, State, Store, Target,
};

use crate::failure::Failure;
use crate::output::Output;
use crate::shown::Shown;
use crate::site::Site;

/// The state to begin with, and the hold on its file that lasts until the change is carried out:
/// what is shown is what it is carried out on. A dry run writes nothing and holds nothing.
pub(crate) fn begin(site: &Site, dry_run: bool) -> Result<(State, Option<Store>), Failure> {
    if dry_run {
        return Ok((Store::read(&site.state)?, None));
    }
    let store = Store::open(&site.state)?;
    Ok((store.state(), Some(store)))
}

/// A change that is ready to be carried out.
pub(crate) struct Change<'a> {
    pub(crate) site: &'a Site,
    pub(crate) target: &'a dyn Target,
    pub(crate) deployed: Deployed,
    pub(crate) rendering: &'a Rendering,
    pub(crate) output: &'a Output,
}

impl Change<'_> {
    /// Shows it, and gives the store back where to go on: after a yes, or where nobody needs to
    /// be asked.
    pub(crate) fn agreed(
        &self,
        plan: &Plan,
        store: Option<Store>,
        yes: bool,
        question: &str,
    ) -> Result<Option<Store>, Failure> {
        let shown = Shown::of(plan, self.target);
        let Some(store) = store else {
            let folder = self.site.folder(self.target);
            shown.with(self.rendering, &folder).print(self.output)?;
            return Ok(None);
        };
        shown.print(self.output)?;
        let is_harmless = !plan.changes_something() && self.rendering.steps.is_empty();
        if is_harmless || yes {
            return Ok(Some(store));
        }
        match self.output.ask(question) {
            Some(true) => Ok(Some(store)),
            Some(false) => {
                self.output.status("Stopped", "nothing was done");
                Ok(None)
            }
            None => Err(
                Failure::new("there is no terminal to ask whether this is wanted")
                    .help("review it with `--dry-run`, and pass `--yes`"),
            ),
        }
    }

    /// Carries a plan out.
    pub(crate) fn deploy(self, plan: &Plan, store: &mut Store) -> Result<(), Failure> {
        let (output, rendering) = (self.output, self.rendering);
        let (name, state_file) = (self.target.name(), &self.site.state);
        let before = store.state().serial;
        if self.target.folder().is_none() && !rendering.files.is_empty() {
            // What an earlier deploy left there is not to be sent.
            empty(&self.site.folder(self.target))?;
        }
        let state = self
            .apply(store)?
            .plan(plan, rendering, &mut |progress| tell(output, progress))?;
        let is_as_before = state.serial == before && rendering.steps.is_empty();
        let (verb, what) = match is_as_before {
            true => (
                "Unchanged",
                "what is deployed is what the code says".to_owned(),
            ),
            false => {
                let file = state_file.display();
                (
                    "Deployed",
                    format!("to {name}: `{file}` has serial {}", state.serial),
                )
            }
        };
        output.status(verb, &what);
        Ok(())
    }

    /// Tunes an app.
    pub(crate) fn tune(self, app: &AppPlan, store: &mut Store) -> Result<(), Failure> {
        let (output, rendering) = (self.output, self.rendering);
        self.apply(store)?
            .tuning(app, rendering, &mut |progress| tell(output, progress))?;
        output.status("Tuned", &format!("{}, until it is reset", app.name));
        Ok(())
    }

    fn apply<'s>(self, store: &'s mut Store) -> Result<Apply<'s>, Failure>
    where
        Self: 's,
    {
        let serial = store.state().serial + 1;
        Ok(Apply {
            stamp: DeployStamp::now(serial, self.site.commit()),
            folder: self.site.folder(self.target),
            target: self.target,
            deployed: self.deployed,
            limits: self.site.settings.limits()?,
            store,
        })
    }
}

fn tell(output: &Output, progress: Progress<'_>) {
    match progress {
        Progress::Wrote(path) => output.verbose("Wrote", &path.display().to_string()),
        Progress::Runs(step) => output.status("Running", &step.command.to_string()),
    }
}

fn empty(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::new(format!(
            "cannot empty `{}`: {error}",
            folder.display()
        ))),
        _ => Ok(()),
    }
}
