//! A deploy that is planned and checked, with its warnings printed: what `plan`, `deploy` and
//! `render` have in common.

use std::collections::BTreeSet;

use machinist_core::problem::Problem;
use machinist_deploy::{
    Action, DeployStamp, Deployed, Manifest, Options, Plan, Rendering, Reset, State, Target,
    WHY_LOST, plan,
};

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::carry_out::show_warnings_and_needs;
use crate::context::Context;
use crate::destination::{self, Destination};
use crate::failure::Failure;
use crate::linked_apps::LinkedApps;
use crate::output::Output;

/// Builds or reads the apps, and finds out where they go.
pub(crate) fn read_apps(
    source: &AppSource,
    plan_options: &PlanOptions,
    context: &Context,
) -> Result<(LinkedApps, Destination), Failure> {
    // An unknown target is an error before a build that may take minutes.
    let target_flag = destination::target_flag(&source.selection)?;
    let apps = LinkedApps::read(source, context)?;
    let workspace = apps.workspace.clone();
    let destination = Destination::of_linked_apps(target_flag, source, plan_options, workspace)?;
    Ok((apps, destination))
}

/// A deploy that is planned and checked.
pub(crate) struct PreparedDeploy {
    /// Where it goes.
    pub(crate) target: Box<dyn Target>,
    /// What is deployed there now.
    pub(crate) deployed: Deployed,
    /// What it changes.
    pub(crate) plan: Plan,
}

impl PreparedDeploy {
    pub(crate) fn new(
        destination: &Destination,
        apps: &LinkedApps,
        plan_options: &PlanOptions,
        state: &State,
        output: &Output,
    ) -> Result<Self, Failure> {
        let manifest = &apps.manifest;
        let target = destination.target_for_linked_apps(manifest, apps.binaries.clone())?;
        let mut deployed = state.deployed_to(target.name());
        if let Some(live) = destination.read_live(&*target, &deployed, output)? {
            deployed = deployed.refreshed(&live).with_found(&live, manifest);
        }
        let binaries_of_deployed = deployed.apps.values().flat_map(|app| app.binaries.clone());
        let options = Options {
            reset_scaling: scaling_to_reset(plan_options, manifest, &deployed)?,
            prune: plan_options.prune,
            not_read: apps.unread_binaries(binaries_of_deployed.collect()),
        };
        let plan = plan(manifest, &deployed, &options);
        refuse_to_delete_lost(&plan, apps)?;
        warn_of_lost(apps, &deployed, &options, output);
        warn_of_missing(&plan, apps, output);
        warn_of_unknown_in_settings(destination, manifest, &options, output);
        Ok(Self {
            target,
            deployed,
            plan,
        })
    }

    /// The files and commands that carry it out. Prints what the target does not support, which
    /// with `--strict` is an error.
    pub(crate) fn render(&self, strict: bool, output: &Output) -> Result<Rendering, Failure> {
        let after = self.deployed.after(&self.plan, &DeployStamp::default());
        let rendering = self.target.deploy(&self.plan, &after)?;
        show_warnings_and_needs(&rendering, output);
        match strict && !rendering.warnings.is_empty() {
            true => Err(Failure::new(
                "with `--strict`, what the platform does not support is an error",
            )
            .help("resolve the warnings, or leave out `--strict`")),
            false => Ok(rendering),
        }
    }
}

/// The apps that `--reset-scaling` names.
fn scaling_to_reset(
    plan_options: &PlanOptions,
    manifest: &Manifest,
    deployed: &Deployed,
) -> Result<Reset, Failure> {
    if plan_options.reset_scaling.iter().any(String::is_empty) {
        return Ok(Reset::Everything);
    }
    for app in &plan_options.reset_scaling {
        if !manifest.apps.iter().any(|known| known.name == *app) {
            let problem = Problem::new(format!("`--reset-scaling`: the code has no app `{app}`"));
            let problem = suggest_app(problem, app, manifest);
            return Err(Failure::from(match deployed.apps.contains_key(app) {
                true => problem.help("it is deployed, but gone from the code"),
                false => problem,
            }));
        }
    }
    let apps: BTreeSet<String> = plan_options.reset_scaling.iter().cloned().collect();
    Ok(match apps.is_empty() {
        true => Reset::Nothing,
        false => Reset::Apps(apps),
    })
}

/// Adds the app of the code that was probably meant, or else all of them.
fn suggest_app(problem: Problem, name: &str, manifest: &Manifest) -> Problem {
    let names: Vec<&str> = manifest.apps.iter().map(|app| app.name.as_str()).collect();
    problem.suggest("app", name, &names)
}

/// Refuses to delete an app that was built but not linked, and says how to link it.
fn refuse_to_delete_lost(plan: &Plan, apps: &LinkedApps) -> Result<(), Failure> {
    for lost in &apps.lost {
        if let Some(problem) = lost.lost_crate.deleted_by(plan) {
            let mut failure = Failure::from(problem);
            failure.help.clone_from(&lost.report.help);
            return Err(failure);
        }
    }
    Ok(())
}

/// Warns of apps that were built but not linked. An app that another binary links, according to
/// the last deploy, is not lost.
fn warn_of_lost(apps: &LinkedApps, deployed: &Deployed, options: &Options, output: &Output) {
    let is_elsewhere = |app: &String| {
        let app = deployed.apps.get(app);
        app.is_some_and(|app| options.is_unread(app))
    };
    for lost in &apps.lost {
        if !lost.lost_crate.apps.iter().all(is_elsewhere) {
            output.warning(&lost.report);
        }
    }
}

/// Warns of apps that are deployed but not in this build. The likeliest cause is a crate that is
/// no longer linked, unless that was already reported.
fn warn_of_missing(plan: &Plan, apps: &LinkedApps, output: &Output) {
    let is_lost = |name: &String| {
        let mut lost = apps.lost.iter();
        lost.any(|lost| lost.lost_crate.apps.contains(name))
    };
    let missing = plan.apps.iter().filter(|app| {
        matches!(app.action, Action::Orphaned | Action::Delete) && !is_lost(&app.name)
    });
    let names: Vec<String> = missing.map(|app| format!("`{}`", app.name)).collect();
    if names.is_empty() {
        return;
    }
    let (are, advice) = match names.len() {
        1 => ("is", "if it should be, name its crate"),
        _ => ("are", "if they should be, name their crates"),
    };
    output.warning(
        &Failure::new(format!(
            "{} {are} deployed, but not in this build",
            names.join(", ")
        ))
        .help(format!("{advice} in the program: `use my_apps as _;`"))
        .note(WHY_LOST),
    );
}

/// Warns of settings for apps that do not exist: their names are probably misspelt.
fn warn_of_unknown_in_settings(
    destination: &Destination,
    manifest: &Manifest,
    options: &Options,
    output: &Output,
) {
    // Apps of binaries that were not read may have settings too.
    if !options.not_read.is_empty() {
        return;
    }
    let is_known = |name: &str| manifest.apps.iter().any(|app| app.name == name);
    for app in destination.settings.apps().filter(|app| !is_known(app)) {
        let problem = Problem::new(format!(
            "the settings name an app `{app}`, which is not in the code"
        ));
        output.warning(&suggest_app(problem, app, manifest).into());
    }
}
