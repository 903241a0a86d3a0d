//! A deploy that is planned and checked, with its warnings printed: what `plan`, `deploy` and
//! `render` have in common.

use machinist_core::problem::Problem;
use machinist_deploy::{
    Action, AppPlan, AppSet, DeployStamp, Deployed, Manifest, Options, Plan, Rendering, State,
    Target, WHY_LOST, plan,
};

use crate::args::deployment::PlanOptions;
use crate::args::selection::BuildProfile;
use crate::args::source::AppSource;
use crate::carry_out::show_warnings_and_needs;
use crate::context::Context;
use crate::destination::{self, Destination};
use crate::failure::Failure;
use crate::linked_apps::{LinkedApps, no_apps_found};
use crate::output::Output;
use crate::plan_report::PlanReport;

/// Builds or reads the apps, and finds out where they go.
pub(crate) fn read_apps(
    source: &AppSource,
    plan_options: &PlanOptions,
    context: &Context,
) -> Result<(LinkedApps, Destination), Failure> {
    // What is wrong with the settings is an error before a build that may take minutes.
    let target_flag = destination::target_flag(&source.selection)?;
    let destination = Destination::of_linked_apps(target_flag, source, plan_options)?;
    // A deploy to a platform is a release build.
    let profile = match destination.is_platform() {
        true => BuildProfile::Release,
        false => BuildProfile::Dev,
    };
    let apps = LinkedApps::read_any(source, profile, context)?;
    // With `--prune` the last app can go.
    if apps.manifest.apps.is_empty() && !(plan_options.prune && apps.lost.is_empty()) {
        return Err(no_apps_found(&apps.binaries, apps.lost));
    }
    Ok((apps, destination))
}

/// Which apps are rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenderedApps {
    /// Those that change.
    Changed,
    /// All, and the platform is made to deploy the unchanged ones again.
    Forced,
    /// All, whether they change or not.
    All,
}

/// A deploy that is planned, rendered and checked.
pub(crate) struct PreparedDeploy {
    /// Where it goes.
    pub(crate) target: Box<dyn Target>,
    /// What is deployed there now.
    pub(crate) deployed: Deployed,
    /// What it changes.
    pub(crate) plan: Plan,
    /// The files and commands that carry it out, of the apps that change.
    pub(crate) rendering: Rendering,
    /// The profile of the build, if there was one for a platform.
    pub(crate) profile: Option<String>,
    refusal: Result<(), Problem>,
}

impl PreparedDeploy {
    /// Plans and renders. Prints what the target does not carry as it is, which with `--strict` is
    /// an error.
    pub(crate) fn new(
        destination: &Destination,
        apps: &LinkedApps,
        plan_options: &PlanOptions,
        rendered: RenderedApps,
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
            reset_scaling: named_apps(
                "--reset-scaling",
                &plan_options.reset_scaling,
                manifest,
                &deployed,
            )?,
            force: rendered == RenderedApps::Forced,
            prune: plan_options.prune,
            not_read: apps.unread_binaries(binaries_of_deployed.collect()),
        };
        let mut plan = plan(manifest, &deployed, &options);
        refuse_to_delete_lost(&plan, apps)?;
        warn_of_lost(apps, &deployed, &options, output);
        warn_of_missing(&plan, apps, output);
        warn_of_unknown_in_settings(destination, manifest, &options, output);
        if let AppSet::Apps(selected) = selected_apps(&plan_options.apps, &plan)? {
            plan.apps.retain(|app| selected.contains(&app.name));
        }
        let after = deployed.after(&plan, &DeployStamp::default());
        let rendering = target.deploy(&plan, &after)?;
        plan.add_rendering(&rendering, &deployed);
        if let Some(folder) = target.folder() {
            plan.find_stale_files(&rendering, folder);
        }
        show_warnings_and_needs(&rendering, output);
        if plan_options.strict && rendering.warnings().next().is_some() {
            return Err(Failure::new(
                "with `--strict`, what the platform does not support is an error",
            )
            .help("resolve the warnings, or leave out `--strict`"));
        }
        let adopt = named_apps("--adopt", &plan_options.adopt, manifest, &deployed)?;
        let refusal = plan.check(&deployed, &adopt, &options.not_read, target.name());
        let untouched = |app: &&AppPlan| match app.action {
            Action::Unchanged => rendered != RenderedApps::All,
            action => action == Action::Orphaned,
        };
        let untouched = plan.apps.iter().filter(untouched);
        let rendering = rendering.without(&untouched.map(|app| &*app.name).collect());
        Ok(Self {
            profile: apps.profile.clone().filter(|_| target.folder().is_none()),
            target,
            deployed,
            plan,
            rendering,
            refusal,
        })
    }

    /// The plan, to print.
    pub(crate) fn report(&self) -> PlanReport<'_> {
        PlanReport::new(&self.plan, &*self.target, self.profile.as_deref())
    }

    /// Why it may not be carried out, if it may not.
    pub(crate) fn refuse(&self) -> Result<(), Failure> {
        Ok(self.refusal.clone()?)
    }
}

/// The apps of the plan that are named; all if none is.
fn selected_apps(names: &[String], plan: &Plan) -> Result<AppSet, Failure> {
    let known: Vec<&str> = plan.apps.iter().map(|app| &*app.name).collect();
    for name in names {
        if !known.contains(&&**name) {
            let problem = Problem::new(format!("no app `{name}` is in the code or deployed"));
            return Err(problem.suggest("app", name, &known).into());
        }
    }
    Ok(match names.is_empty() {
        true => AppSet::Everything,
        false => AppSet::Apps(names.iter().cloned().collect()),
    })
}

/// The apps that a flag names: none without the flag, all if it names none.
fn named_apps(
    flag: &str,
    names: &[String],
    manifest: &Manifest,
    deployed: &Deployed,
) -> Result<AppSet, Failure> {
    if names.iter().any(String::is_empty) {
        return Ok(AppSet::Everything);
    }
    for app in names {
        if !manifest.apps.iter().any(|known| known.name == *app) {
            let problem = Problem::new(format!("`{flag}`: the code has no app `{app}`"));
            let problem = suggest_app(problem, app, manifest);
            return Err(Failure::from(match deployed.apps.contains_key(app) {
                true => problem.help("it is deployed, but gone from the code"),
                false => problem,
            }));
        }
    }
    Ok(match names.is_empty() {
        true => AppSet::Nothing,
        false => AppSet::Apps(names.iter().cloned().collect()),
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
    if let [(old, new)] = &*plan.renamed() {
        output.warning(
            &Failure::new(format!(
                "`{old}` is gone and `{new}` is new: it looks like a rename"
            ))
            .help(format!(
                "`cargo machinist mv {old} {new}` carries the tuned values and the history over"
            ))
            .note(format!(
                "without it `{new}` starts anew, and `{old}` goes on running"
            )),
        );
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
