//! Which destinations the apps of a project have: one, unless settings of packages differ.

use std::collections::BTreeSet;
use std::path::Path;

use machinist_core::problem::Problem;
use machinist_deploy::{FILE, Settings, Store};

use crate::args::deployment::{DeployedState, Deployment, PlanOptions, StateFile, StateSource};
use crate::args::source::AppSource;
use crate::build_settings;
use crate::context::Context;
use crate::destination::{DEFAULT_STATE_FILE, Destination};
use crate::failure::Failure;
use crate::packages::Packages;
use crate::workspace::Workspace;

/// The destinations of apps that binaries link. Those of packages that are not selected are left
/// out.
pub(crate) fn of_linked_apps(
    source: &AppSource,
    plan_options: &PlanOptions,
    environment: Option<String>,
) -> Result<Vec<Destination>, Failure> {
    let selection = &source.selection;
    let target_flag = selection.deploy_target()?;
    let mut workspace = Workspace::find(selection.manifest_path())?;
    if let (Some(folder), Some(workspace)) = (selection.target_dir(), &mut workspace) {
        workspace.target_folder = folder.to_owned();
    }
    let all = all(target_flag, &plan_options.file, workspace, environment)?;
    let is_read = |destination: &Destination| {
        !source.binary.is_empty() || destination.may_be_selected(selection)
    };
    let selected = all.into_iter().filter(is_read);
    let asking = selected.map(|destination| {
        let destination = destination.asking(&plan_options.refresh);
        match selection.is_offline() {
            true => destination.without_asking(),
            false => destination,
        }
    });
    Ok(asking.collect())
}

/// The source with the features and the profile of the settings, for a build that goes nowhere.
pub(crate) fn source_with_settings(
    source: &AppSource,
    context: &Context,
) -> Result<AppSource, Failure> {
    let workspace = Workspace::find(source.selection.manifest_path())?;
    let settings = read_settings(workspace.as_ref(), context.globals.environment())?;
    build_settings::with_build_settings(source, &settings, workspace.as_ref())
}

/// The destinations of what is deployed.
pub(crate) fn of_deployment(
    deployment: &Deployment,
    context: &Context,
) -> Result<Vec<Destination>, Failure> {
    let all = of_state(&deployment.state, context.globals.environment())?.into_iter();
    Ok(all.map(|one| one.asking(&deployment.refresh)).collect())
}

/// The destination where one of these apps is deployed.
pub(crate) fn of_deployed_app(
    deployment: &Deployment,
    names: &[&str],
    context: &Context,
) -> Result<Destination, Failure> {
    let destination = of_recorded_app(&deployment.state, names, context)?;
    Ok(destination.asking(&deployment.refresh))
}

/// The same for a change of the state alone: the platform is not asked.
pub(crate) fn of_recorded_app(
    state: &DeployedState,
    names: &[&str],
    context: &Context,
) -> Result<Destination, Failure> {
    let mut all = of_state(state, context.globals.environment())?;
    if all.len() == 1 {
        return Ok(all.remove(0));
    }
    let mut with_app = Vec::new();
    let mut known = BTreeSet::new();
    for destination in all {
        let state = Store::read(destination.state.clone())?;
        let deployed = state.deployed_to(&destination.target_name);
        let apps = destination.own_deployed(&deployed).apps;
        if names.iter().any(|name| apps.contains_key(*name)) {
            with_app.push(destination);
        }
        known.extend(apps.into_keys());
    }
    if with_app.len() == 1 {
        return Ok(with_app.remove(0));
    }
    let name = names.first().copied().unwrap_or_default();
    Err(match with_app.is_empty() {
        true => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let problem = Problem::new(format!("no app `{name}` is deployed"));
            match known.is_empty() {
                true => problem.help("deploy it with `cargo machinist deploy`"),
                false => problem.suggest("deployed app", name, &known),
            }
            .into()
        }
        false => {
            let places: Vec<String> = with_app.iter().map(Destination::describe).collect();
            Failure::new(format!(
                "`{name}` is deployed to {}",
                places.join(" and to ")
            ))
            .help("choose one with `--target` or `--state`")
        }
    })
}

/// For subcommands about the state itself.
pub(crate) fn of_state_source(
    source: &StateSource,
    context: &Context,
) -> Result<Destination, Failure> {
    let workspace = Workspace::find(source.manifest_path.as_deref())?;
    let all = all(None, &source.file, workspace, context.globals.environment())?;
    let states: BTreeSet<String> = all.iter().map(|one| one.state.to_string()).collect();
    let mut all = all.into_iter();
    match (all.next(), states.len()) {
        (Some(first), 1) => Ok(first),
        _ => {
            let states: Vec<String> = states.into_iter().collect();
            Err(Failure::new(format!(
                "packages of the workspace have different states: `{}`",
                states.join("`, `")
            ))
            .help("choose one with `--state`"))
        }
    }
}

/// The destinations of what is deployed, which do not ask the platform.
pub(crate) fn of_state(
    state: &DeployedState,
    environment: Option<String>,
) -> Result<Vec<Destination>, Failure> {
    let workspace = Workspace::find(state.manifest_path.as_deref())?;
    all(state.target.clone(), &state.file, workspace, environment)
}

/// All destinations: packages whose settings say the same share one.
fn all(
    target_flag: Option<String>,
    file: &StateFile,
    workspace: Option<Workspace>,
    environment: Option<String>,
) -> Result<Vec<Destination>, Failure> {
    let cargo_tomls = workspace
        .as_ref()
        .map_or(&[][..], |workspace| &workspace.cargo_tomls);
    let settings = read_settings(workspace.as_ref(), environment)?;
    let root = workspace
        .as_ref()
        .map_or(Path::new(""), |workspace| &workspace.root);
    let default_state = root.join(DEFAULT_STATE_FILE);
    let with_own = settings.packages();
    let members = || {
        cargo_tomls
            .iter()
            .filter_map(|toml| toml.package.as_deref())
    };
    let mut groups: Vec<(Destination, Vec<Option<&str>>)> = Vec::new();
    for package in kinds_of_packages(members(), &with_own) {
        let own = settings.of_package(package);
        let target_name = target_flag.as_deref().or(own.target()).unwrap_or(FILE);
        let state = match file.setting() {
            Some(flag) => flag,
            None => own.state(&default_state),
        };
        let project = (settings.clone(), workspace.clone());
        let destination = Destination::new(target_name, state, &own, project);
        let mut same = groups.iter_mut();
        match same.find(|(other, _)| other.is_same(&destination)) {
            Some((_, packages)) => packages.push(package),
            None => groups.push((destination, vec![package])),
        }
    }
    // Apps of packages that are gone go to the first one.
    let is_others = |packages: &[Option<&str>]| packages.contains(&None);
    let has_others = groups.iter().any(|(_, packages)| is_others(packages));
    let own: BTreeSet<String> = with_own.iter().map(|name| (*name).to_owned()).collect();
    let destinations = groups.into_iter().enumerate();
    let destinations = destinations.map(|(i, (destination, packages))| {
        let takes_others = is_others(&packages) || (!has_others && i == 0);
        let named = packages.into_iter().flatten().map(str::to_owned);
        destination.of_packages(Packages {
            named: named.collect(),
            others_but: takes_others.then(|| own.clone()),
        })
    });
    Ok(beside_each_other(destinations.collect()))
}

/// Destinations that know which others have the same state and the same target: what differs there
/// is for instance how long the tool may take.
fn beside_each_other(mut all: Vec<Destination>) -> Vec<Destination> {
    for i in 0..all.len() {
        let is_beside = |other: &&Destination| other.has_state_of(&all[i]);
        let (before, after) = (&all[..i], &all[i + 1..]);
        let beside = before.iter().chain(after).filter(is_beside);
        let beside = beside.map(|other| other.packages.clone()).collect();
        all[i].set_beside(beside);
    }
    all
}

fn read_settings(
    workspace: Option<&Workspace>,
    environment: Option<String>,
) -> Result<Settings, Failure> {
    let cargo_tomls = workspace.map_or(&[][..], |workspace| &workspace.cargo_tomls);
    Ok(Settings::read(cargo_tomls, environment.as_deref())?)
}

/// The packages with settings of their own, and `None` for all others, if there are any.
fn kinds_of_packages<'a>(
    mut members: impl Iterator<Item = &'a str>,
    with_own: &BTreeSet<&'a str>,
) -> Vec<Option<&'a str>> {
    let has_others = with_own.is_empty() || members.any(|name| !with_own.contains(name));
    let others = has_others.then_some(None);
    others
        .into_iter()
        .chain(with_own.iter().map(|name| Some(*name)))
        .collect()
}
