//! The features and the profile that the settings give cargo's build.

use std::collections::BTreeSet;

use machinist_deploy::Settings;

use crate::args::source::AppSource;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The source with the features and the profile of the settings of the selected packages. A flag
/// for the profile wins; features of flags are added.
pub(crate) fn with_build_settings(
    source: &AppSource,
    settings: &Settings,
    workspace: Option<&Workspace>,
) -> Result<AppSource, Failure> {
    let mut source = source.clone();
    if !source.binary.is_empty() {
        return Ok(source);
    }
    let selection = &source.selection;
    let packages = workspace.into_iter().flat_map(Workspace::packages);
    let selected: Vec<&str> = packages.filter(|name| selection.may_select(name)).collect();
    let of = |package: &&str| settings.of_package(Some(*package));
    let features = features(&selected, |package| of(&package).features().to_vec());
    let profiles: BTreeSet<Option<&str>> = selected
        .iter()
        .map(|package| of(package).profile())
        .collect();
    let profile = match (profiles.len(), selection.has_profile()) {
        (0 | 1, _) | (_, true) => profiles.into_iter().flatten().next(),
        _ => return Err(several_profiles(&profiles)),
    };
    source.selection = selection.with_build(features, profile);
    Ok(source)
}

/// The features as cargo takes them: with the package in front, where packages differ.
fn features<'a>(selected: &[&'a str], of: impl Fn(&'a str) -> Vec<String>) -> Vec<String> {
    let all: BTreeSet<Vec<String>> = selected.iter().map(|package| of(package)).collect();
    if all.len() <= 1 {
        return all.into_iter().flatten().collect();
    }
    let by_package = selected.iter().flat_map(|package| {
        let features = of(package).into_iter();
        features.map(move |feature| match feature.contains('/') {
            true => feature,
            false => format!("{package}/{feature}"),
        })
    });
    by_package.collect()
}

fn several_profiles(profiles: &BTreeSet<Option<&str>>) -> Failure {
    let names: Vec<String> = profiles
        .iter()
        .map(|profile| profile.map_or("none".into(), |name| format!("`{name}`")))
        .collect();
    Failure::new(format!(
        "the settings of the selected packages name several profiles: {}",
        names.join(", ")
    ))
    .help("choose one with `--profile`, or select the packages with `-p` one after the other")
}
