//! A deploy that is planned and checked, with its warnings printed: what `plan`, `deploy` and
//! `render` have in common.

use std::collections::BTreeSet;

use machinist_core::problem::Problem;
use machinist_deploy::{
    Action, App, AppPlan, AppSet, DeployStamp, Deployed, KeptDestination, KeptPlan, Manifest,
    Options, Plan, Rendering, State, Store, Target, Unread, WHY_LOST, plan,
};

use crate::args::deployment::PlanOptions;
use crate::args::selection::BuildProfile;
use crate::args::source::AppSource;
use crate::carry_out::show_warnings_and_needs;
use crate::context::Context;
use crate::destination::Destination;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::linked_apps::{LinkedApps, no_apps_found};
use crate::output::Output;
use crate::plan_report::{Place, PlanReport};
use crate::reviewed_plan::kept_options;

/// A destination, and what a deploy may change there.
pub(crate) type PartOfDeploy = (Destination, PlanOptions);

/// Builds or reads the apps, and finds out where they go.
pub(crate) fn read_apps(
    source: &AppSource,
    plan_options: &PlanOptions,
    environment: Option<String>,
    context: &Context,
) -> Result<(LinkedApps, Vec<PartOfDeploy>), Failure> {
    // What is wrong with the settings is an error before a build that may take minutes.
    let destinations = destinations::of_linked_apps(source, plan_options, environment)?;
    // A deploy to a platform is a release build.
    let profile = match destinations.iter().any(Destination::is_platform) {
        true => BuildProfile::Release,
        false => BuildProfile::Dev,
    };
    let source = match destinations.first() {
        Some(first) => first.with_build_settings(source)?,
        None => source.clone(),
    };
    let apps = LinkedApps::read_any(&source, profile, context)?;
    // With `--prune` the last app can be deleted.
    if apps.manifest.apps.is_empty() && (!plan_options.prune || apps.has_lost()) {
        return Err(no_apps_found(&apps.binaries, apps.lost));
    }
    let parts = parts(destinations, plan_options, &apps.manifest.apps)?;
    Ok((apps, parts))
}

/// The destinations that a deploy of these apps concerns, each with the options about its apps.
pub(crate) fn parts(
    destinations: Vec<Destination>,
    options: &PlanOptions,
    apps: &[App],
) -> Result<Vec<PartOfDeploy>, Failure> {
    if destinations.len() == 1 {
        return Ok(destinations
            .into_iter()
            .map(|one| (one, options.clone()))
            .collect());
    }
    let mut apps_by_destination = Vec::new();
    for destination in &destinations {
        let deployed =
            Store::read(destination.state.clone())?.deployed_to(&destination.target_name);
        let of_code = apps
            .iter()
            .filter(|app| destination.packages.includes(&app.package));
        let of_code = of_code.map(|app| app.name.clone());
        let recorded = deployed.apps.into_iter();
        let recorded = recorded.filter(|(name, app)| {
            destination.packages.includes(&app.package) && !destination.is_handed_over(name, apps)
        });
        let apps: BTreeSet<String> = of_code.chain(recorded.map(|(name, _)| name)).collect();
        apps_by_destination.push(apps);
    }
    let is_anywhere = |name: &String| apps_by_destination.iter().any(|apps| apps.contains(name));
    let mut parts = Vec::new();
    for (destination, apps) in destinations.into_iter().zip(&apps_by_destination) {
        // A name that is nowhere is an error at the first destination.
        let is_first = parts.is_empty();
        let is_here = |name: &&String| {
            name.is_empty() || apps.contains(*name) || (is_first && !is_anywhere(name))
        };
        let here = |names: &[String]| names.iter().filter(is_here).cloned().collect();
        let own = PlanOptions {
            apps: here(&options.apps),
            reset_scaling: here(&options.reset_scaling),
            adopt: here(&options.adopt),
            ..options.clone()
        };
        let is_concerned = match options.apps.is_empty() {
            true => !apps.is_empty(),
            false => !own.apps.is_empty(),
        };
        if is_concerned {
            parts.push((destination, own));
        }
    }
    Ok(parts)
}

/// Checks that no two destinations are different places of one state: it describes one alone, and
/// the second would be refused when the first is deployed.
pub(crate) fn check_places(parts: &[PartOfDeploy]) -> Result<(), Failure> {
    for (i, (one, _)) in parts.iter().enumerate() {
        for (other, _) in &parts[..i] {
            if !one.has_state_of(other) {
                continue;
            }
            if let (Some(first), Some(second)) = (other.find_place()?, one.find_place()?) {
                if first != second {
                    return Err(Failure::new(format!(
                        "`{}` is the state of one place of {}, and packages go to `{first}` and \
                         to `{second}`",
                        one.state, one.target_name
                    ))
                    .help("give the packages states of their own, by `state` in their settings"));
                }
            }
        }
    }
    Ok(())
}

/// Does something at each destination. After an error the others are left as they are.
pub(crate) fn at_each(
    parts: &[PartOfDeploy],
    output: &Output,
    mut act: impl FnMut(&PartOfDeploy) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for part in parts {
        if parts.len() > 1 {
            output.begin_destination();
        }
        match act(part)? {
            Exit::Success => {}
            other => exit = other,
        }
    }
    Ok(exit)
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
    /// The environment of the settings.
    environment: Option<String>,
    /// What is deployed there now.
    pub(crate) deployed: Deployed,
    /// What it changes.
    pub(crate) plan: Plan,
    /// The files and commands that carry it out, of the apps that change.
    pub(crate) rendering: Rendering,
    /// The profile of the build, if there was one for a platform.
    pub(crate) profile: Option<String>,
    /// Why it may not be carried out, if it may not.
    pub(crate) refusal: Option<Failure>,
}

impl PreparedDeploy {
    /// Plans, renders and checks. Prints what the target does not carry as it is.
    pub(crate) fn new(
        destination: &Destination,
        apps: &LinkedApps,
        plan_options: &PlanOptions,
        rendered: RenderedApps,
        state: &State,
        output: &Output,
    ) -> Result<Self, Failure> {
        let all = apps.to_deploy();
        let manifest = &destination.own_apps(all.clone())?;
        let target = destination.target_for_linked_apps(manifest, apps.binaries.clone())?;
        let mut deployed = state.deployed_to(target.name());
        // `render` writes files for any place, and asks nobody what is there.
        if rendered != RenderedApps::All {
            deployed = destination.at_place(&*target, deployed)?;
            if let Some(live) = destination.read_live(&*target, &deployed, output)? {
                deployed = deployed.refreshed(&live).with_found(&live, manifest);
            }
        }
        let binaries_of_deployed = deployed.apps.values().flat_map(|app| app.binaries.clone());
        let unread = apps.unread(&binaries_of_deployed.collect());
        let options = Options {
            reset_scaling: named_apps(
                "--reset-scaling",
                &plan_options.reset_scaling,
                manifest,
                &deployed,
                &unread,
            )?,
            force: rendered == RenderedApps::Forced,
            prune: plan_options.prune,
            not_read: unread.binaries.clone(),
            elsewhere: destination.apps_elsewhere(&deployed, &all.apps),
        };
        let mut plan = plan(manifest, &deployed, &options);
        let renamed = renamed(&plan, &deployed);
        let selected = selected_apps(&plan_options.apps, &plan)?;
        plan.apps.retain(|app| selected.includes(&app.name));
        let keeps_lost = refuse_to_delete_lost(&plan, apps);
        if keeps_lost.is_ok() {
            warn_of_lost(apps, &deployed, &options, output);
        }
        warn_of_missing(&plan, &renamed, apps, output);
        warn_of_unknown_in_settings(destination, &apps.manifest, &options, output);
        let after = deployed.after(&plan, &DeployStamp::default());
        let rendering = target.deploy(&plan, &after)?;
        plan.add_rendering(&rendering, &deployed);
        if let Some(folder) = target.folder() {
            plan.find_stale_files(&rendering, folder);
        }
        show_warnings_and_needs(&rendering, output);
        let adopt = named_apps("--adopt", &plan_options.adopt, manifest, &deployed, &unread)?;
        let checked = plan.check(&adopt, &unread, target.name());
        let checked = checked.and_then(|()| refuse_warnings(plan_options, &rendering));
        let refusal = keeps_lost.and(checked.map_err(Failure::from)).err();
        let refusal = refusal.map(|refusal| output.deployment.add_to(&refusal));
        let untouched = |app: &&AppPlan| match app.action {
            Action::Unchanged => rendered != RenderedApps::All,
            action => action == Action::Orphaned,
        };
        let untouched = plan.apps.iter().filter(untouched);
        let rendering = rendering.without(&untouched.map(|app| &*app.name).collect());
        Ok(Self {
            profile: apps.profile.clone().filter(|_| target.folder().is_none()),
            environment: destination.environment().map(str::to_owned),
            target,
            deployed,
            plan,
            rendering,
            refusal,
        })
    }

    /// The plan with what it was made from, to keep in a file or to compare with a kept one.
    pub(crate) fn keep(&self, state: &State, options: &PlanOptions) -> KeptPlan {
        let destination = KeptDestination {
            target: self.target.name().into(),
            place: self.deployed.place.clone(),
            environment: self.environment.clone(),
        };
        KeptPlan::new(&self.plan, destination, state, kept_options(options))
    }

    /// The plan, to print.
    pub(crate) fn report(&self) -> PlanReport<'_> {
        let environment = self.environment.as_deref();
        let place = Place::new(environment, &*self.target, self.deployed.place.as_deref());
        let report = PlanReport::new(&self.plan, place, self.profile.as_deref());
        report.with_refusal(self.refusal.as_ref())
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
    unread: &Unread,
) -> Result<AppSet, Failure> {
    if names.iter().any(String::is_empty) {
        return Ok(AppSet::Everything);
    }
    for app in names {
        if !manifest.apps.iter().any(|known| known.name == *app) {
            return Err(not_in_build(flag, app, manifest, deployed, unread).into());
        }
    }
    Ok(match names.is_empty() {
        true => AppSet::Nothing,
        false => AppSet::Apps(names.iter().cloned().collect()),
    })
}

/// An app that a flag names, and that no binary has.
fn not_in_build(
    flag: &str,
    name: &str,
    manifest: &Manifest,
    deployed: &Deployed,
    unread: &Unread,
) -> Problem {
    let problem = Problem::new(format!("`{flag}`: no app `{name}` is in this build"));
    let Some(app) = deployed.apps.get(name) else {
        return suggest_app(problem, name, manifest);
    };
    let binaries = &app.binaries;
    match binaries
        .iter()
        .any(|binary| unread.binaries.contains(binary))
    {
        true => problem.help(unread.how_to_read.clone()).note(format!(
            "it is deployed from `{}`, which was not read",
            binaries.join("`, `")
        )),
        false => problem
            .help(format!(
                "delete it with `cargo machinist destroy {name}`, or write it into the code again"
            ))
            .note("it is deployed, but gone from the code"),
    }
}

/// With `--strict` warnings of the target are an error.
fn refuse_warnings(plan_options: &PlanOptions, rendering: &Rendering) -> Result<(), Problem> {
    match plan_options.strict && rendering.warnings().next().is_some() {
        true => Err(Problem::new(
            "with `--strict`, what the platform does not support is an error",
        )
        .help("resolve the warnings, or leave out `--strict`")),
        false => Ok(()),
    }
}

/// Apps that were probably renamed, with the old and the new name. Once `mv` carried the tuned
/// values over, the new one is on record.
fn renamed(plan: &Plan, deployed: &Deployed) -> Vec<(String, String)> {
    let renamed = plan.renamed().into_iter();
    let renamed = renamed.filter(|(_, new)| !deployed.apps.contains_key(*new));
    renamed.map(|(old, new)| (old.into(), new.into())).collect()
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
            return Err(Failure {
                help: lost.report.help.clone(),
                note: lost.report.note.clone(),
                ..problem.into()
            });
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
    for lost in apps.lost.iter().filter(|lost| lost.is_expected) {
        if !lost.lost_crate.apps.iter().all(is_elsewhere) {
            output.warning(&lost.report);
        }
    }
}

/// Warns of apps that are deployed but not in this build. The likeliest cause is a crate that is
/// no longer linked, unless that was already reported.
fn warn_of_missing(plan: &Plan, renamed: &[(String, String)], apps: &LinkedApps, output: &Output) {
    let is_planned = |name: &String| plan.apps.iter().any(|app| app.name == *name);
    let renamed: Vec<&(String, String)> = renamed
        .iter()
        .filter(|(old, new)| is_planned(old) || is_planned(new))
        .collect();
    for (old, new) in &renamed {
        output.warning(&looks_like_a_rename(old, new));
    }

    let is_lost = |name: &String| {
        let mut lost = apps.lost.iter();
        lost.any(|lost| lost.lost_crate.apps.contains(name))
    };
    let is_renamed = |name: &String| renamed.iter().any(|(old, _)| old == name);
    let missing = plan.apps.iter().filter(|app| {
        let is_missing = matches!(app.action, Action::Orphaned | Action::Delete);
        is_missing && !is_lost(&app.name) && !is_renamed(&app.name)
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

fn looks_like_a_rename(old: &str, new: &str) -> Failure {
    Failure::new(format!(
        "`{old}` is gone and `{new}` is new: this looks like a rename"
    ))
    .help(format!(
        "carry the tuned values and the history over with `cargo machinist mv {old} {new}`"
    ))
    .note(format!("without it `{new}` starts with the code's values"))
}

/// Warns of settings for apps that do not exist, whose names are probably misspelt, and for apps of
/// other packages, which do not count.
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
    for (app, package) in destination.settings.apps() {
        let mut known = manifest.apps.iter().filter(|known| known.name == app);
        let Some(of) = known.clone().next().map(|known| &known.package) else {
            let problem = Problem::new(format!(
                "the settings name an app `{app}`, which is not in the code"
            ));
            output.warning(&suggest_app(problem, app, manifest).into());
            continue;
        };
        let Some(package) = package.filter(|own| known.all(|known| known.package != *own)) else {
            continue;
        };
        let problem = Problem::new(format!(
            "the settings of the package `{package}` name the app `{app}` of the package `{of}`, \
             and do not count for it"
        ));
        let help = format!("write them into the settings of `{of}`, or of the workspace");
        output.warning(&problem.help(help).into());
    }
}
