//! A deploy that is planned: what `plan`, `deploy` and `render` have in common.

use std::collections::BTreeSet;

use machinist_core::problem::Problem;
use machinist_deploy::{
    Action, DeployStamp, Deployed, Manifest, Options, Plan, Rendering, Reset, State, Target,
    WHY_LOST, plan,
};

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;
use crate::site::{self, Site};
use crate::source::{self, Source};

/// Builds or reads the apps, and finds out where they go.
pub(crate) fn read(
    source: &AppSource,
    plan_options: &PlanOptions,
    context: &Context,
) -> Result<(Source, Site), Failure> {
    // Before a build that takes minutes.
    let target = site::target_to_deploy_to(&source.selection)?;
    let found = source::read(source, context)?;
    let site = Site::of_source(target, source, plan_options, found.workspace.clone())?;
    Ok((found, site))
}

/// A deploy that is planned.
pub(crate) struct Planned {
    /// Where it goes.
    pub(crate) target: Box<dyn Target>,
    /// What is deployed there.
    pub(crate) deployed: Deployed,
    /// What would plan_options.
    pub(crate) plan: Plan,
}

impl Planned {
    pub(crate) fn new(
        site: &Site,
        source: &Source,
        plan_options: &PlanOptions,
        state: &State,
        output: &Output,
    ) -> Result<Self, Failure> {
        let manifest = &source.manifest;
        let target = site.target(manifest, source.images.clone())?;
        let mut deployed = state.deployed_to(target.name());
        if let Some(live) = site.live(&*target, &deployed, output)? {
            deployed = deployed.refreshed(&live).with_found(&live, manifest);
        }
        let apps = deployed.apps.values();
        let known = apps.flat_map(|app| app.binaries.iter().cloned()).collect();
        let options = Options {
            reset_scaling: reset(plan_options, manifest, &deployed)?,
            prune: plan_options.prune,
            not_read: source.not_read(known),
        };
        let plan = plan(manifest, &deployed, &options);
        refuse_to_delete_lost(&plan, source)?;
        warn_of_lost(source, &deployed, &options, output);
        warn_of_kept(&plan, source, output);
        warn_of_settings(site, manifest, &options, output);
        Ok(Self {
            target,
            deployed,
            plan,
        })
    }

    /// What carries it out.
    pub(crate) fn rendering(&self, strict: bool, output: &Output) -> Result<Rendering, Failure> {
        let after = self.deployed.after(&self.plan, &DeployStamp::default());
        let rendering = self.target.deploy(&self.plan, &after)?;
        tell(&rendering, output);
        match strict && !rendering.warnings.is_empty() {
            true => Err(Failure::new("with `--strict` nothing is left out")
                .help("change what is warned of, or leave out `--strict`")),
            false => Ok(rendering),
        }
    }
}

/// What the platform cannot do, and what it must be set up for.
pub(crate) fn tell(rendering: &Rendering, output: &Output) {
    for warning in &rendering.warnings {
        output.warning(&warning.clone().into());
    }
    for need in &rendering.needs {
        output.status("Needs", need);
    }
}

fn reset(
    plan_options: &PlanOptions,
    manifest: &Manifest,
    deployed: &Deployed,
) -> Result<Reset, Failure> {
    if plan_options.reset_scaling.iter().any(String::is_empty) {
        return Ok(Reset::Everything);
    }
    for app in &plan_options.reset_scaling {
        if !manifest.apps.iter().any(|known| known.name == *app) {
            let names = manifest.apps.iter().map(|app| app.name.as_str());
            let meant = machinist_core::suggest::nearest(app, names.clone());
            let failure = Failure::new(format!("`--reset-scaling`: the code has no app `{app}`"));
            return Err(match (meant, deployed.apps.contains_key(app)) {
                (Some(meant), _) => {
                    failure.help(format!("an app with a similar name is: `{meant}`"))
                }
                (None, true) => failure.help("it is deployed, and gone from the code"),
                (None, false) => {
                    let names: Vec<&str> = names.collect();
                    failure.help(format!("apps of the code are {}", names.join(", ")))
                }
            });
        }
    }
    let apps: BTreeSet<String> = plan_options.reset_scaling.iter().cloned().collect();
    Ok(match apps.is_empty() {
        true => Reset::Nothing,
        false => Reset::Apps(apps),
    })
}

/// Refuses to delete an app that was built but not linked, and says how to link it.
fn refuse_to_delete_lost(plan: &Plan, source: &Source) -> Result<(), Failure> {
    for lost in &source.lost {
        if let Some(problem) = lost.lost_crate.deleted_by(plan) {
            let mut failure = Failure::from(problem);
            failure.help.clone_from(&lost.report.help);
            return Err(failure);
        }
    }
    Ok(())
}

/// Apps that other binaries link, as the last deploy of those says, are not lost by this one.
fn warn_of_lost(source: &Source, deployed: &Deployed, options: &Options, output: &Output) {
    let is_elsewhere = |app: &String| {
        let app = deployed.apps.get(app);
        app.is_some_and(|app| options.is_unread(app))
    };
    for lost in &source.lost {
        if !lost.lost_crate.apps.iter().all(is_elsewhere) {
            output.warning(&lost.report);
        }
    }
}

/// Apps that were there before and are not in this build: a crate that is no longer linked is the
/// likeliest cause, and where that was seen it has been said already.
fn warn_of_kept(plan: &Plan, source: &Source, output: &Output) {
    let is_lost = |name: &String| {
        source
            .lost
            .iter()
            .any(|lost| lost.lost_crate.apps.contains(name))
    };
    let kept = plan.apps.iter().filter(|app| {
        matches!(app.action, Action::Orphaned | Action::Delete) && !is_lost(&app.name)
    });
    let names: Vec<String> = kept.map(|app| format!("`{}`", app.name)).collect();
    if names.is_empty() {
        return;
    }
    let are = if names.len() == 1 { "is" } else { "are" };
    output.warning(
        &Failure::new(format!(
            "{} {are} deployed, and not in this build",
            names.join(", ")
        ))
        .help("if that is not meant so, name the crate in the program: `use my_apps as _;`")
        .note(format!("{WHY_LOST}, and neither are its apps")),
    );
}

/// Settings of apps that nobody knows are probably misspelt.
fn warn_of_settings(site: &Site, manifest: &Manifest, options: &Options, output: &Output) {
    if !options.not_read.is_empty() {
        return;
    }
    let names: Vec<&str> = manifest.apps.iter().map(|app| app.name.as_str()).collect();
    for app in site.settings.apps().filter(|app| !names.contains(app)) {
        let problem = Problem::new(format!(
            "the settings name an app `{app}`, which the code has not"
        ));
        let nearest = machinist_core::suggest::nearest(app, names.iter().copied());
        output.warning(&Failure::from(match nearest {
            Some(name) => problem.help(format!("an app with a similar name is: `{name}`")),
            None => problem.help(format!("apps of the code are {}", names.join(", "))),
        }));
    }
}
