//! Binaries that cargo has built, and the images that run their apps.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::{Metadata, TargetKind};
use machinist_deploy::{AppSettings, Binary, Check, Manifest, RunsIn, Target, check_image};

use crate::destination::Destination;
use crate::linked_apps::binary_name;
use crate::paths::relative_to_cwd;

/// Checks the binaries of these files, or else those that cargo has built last.
pub(super) fn checks(
    files: &[PathBuf],
    metadata: Option<&Metadata>,
    destination: &Destination,
    target: &dyn Target,
) -> Vec<Check> {
    let binaries = match (files, metadata) {
        ([], Some(metadata)) => built(metadata),
        _ => files.iter().map(|file| binary(file)).collect(),
    };
    let mut checks = Vec::new();
    let mut done = BTreeSet::new();
    let mut has_apps = false;
    for binary in &binaries {
        let manifest = match Manifest::read(std::slice::from_ref(binary)) {
            Ok(manifest) => manifest,
            Err(error) => {
                checks.push(Check::of_problem(&*binary.name, error.into()));
                continue;
            }
        };
        for app in &manifest.apps {
            has_apps = true;
            if !destination.packages.includes(&app.package) {
                continue;
            }
            let settings = destination.app_settings(&app.name, &app.package);
            let image = Image::of(&settings, target);
            if done.insert((binary.path.clone(), image.clone())) {
                checks.extend(image.checks(&app.name, binary));
            }
        }
    }
    if !has_apps && checks.is_empty() {
        let check = match binaries.is_empty() {
            true => Check::warning(
                "binaries",
                "nothing is built yet, so it is not known whether it starts in its image",
            ),
            false => Check::warning("binaries", "none that is built has an app"),
        };
        checks.push(check.help(
            "run `cargo build --release` and then this again, or name a binary with `--binary FILE`",
        ));
    }
    checks
}

fn binary(file: &Path) -> Binary {
    Binary {
        name: binary_name(file),
        path: file.to_owned(),
    }
}

/// The newest build of each program of the workspace.
fn built(metadata: &Metadata) -> Vec<Binary> {
    let target_folder = metadata.target_directory.as_std_path();
    let mut folders = vec![target_folder.to_owned()];
    // One for each `--target`.
    let inside = fs::read_dir(target_folder).into_iter().flatten().flatten();
    folders.extend(inside.map(|entry| entry.path()));
    let folders: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| ["release", "debug"].map(|profile| folder.join(profile)))
        .collect();
    let programs = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| {
            let targets = package.targets.iter();
            targets.filter(|target| target.kind.contains(&TargetKind::Bin))
        });
    let newest = |name: &str| {
        let files = folders.iter().map(|folder| folder.join(name));
        files
            .max_by_key(|file| changed(file))
            .filter(|file| file.is_file())
    };
    let found = programs.filter_map(|program| {
        Some(Binary {
            name: program.name.clone(),
            path: relative_to_cwd(&newest(&program.name)?),
        })
    });
    found.collect()
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

/// The image that runs an app.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Image {
    Dockerfile(PathBuf),
    Named(String),
    Missing,
}

impl Image {
    /// A platform that runs finished images runs what the `Dockerfile` made, under the name in the
    /// settings. One that builds images does not use the `Dockerfile` if an image is named.
    fn of(settings: &AppSettings, target: &dyn Target) -> Self {
        let builds_images = target.default_base_image().is_some();
        match (&settings.image, &settings.dockerfile) {
            (Some(image), _) if builds_images => Self::Named(image.clone()),
            (_, Some(dockerfile)) => Self::Dockerfile(dockerfile.clone()),
            (Some(image), None) => Self::Named(image.clone()),
            (None, None) => match target.default_base_image() {
                Some(image) => Self::Named(image.to_owned()),
                None => Self::Missing,
            },
        }
    }

    fn checks(&self, app: &str, binary: &Binary) -> Vec<Check> {
        match self {
            Self::Named(image) => check_image(app, &binary.path, RunsIn::Image(image)),
            Self::Dockerfile(file) => match fs::read_to_string(file) {
                Ok(text) => check_image(app, &binary.path, RunsIn::Dockerfile(&text)),
                Err(error) => {
                    let message = format!("cannot read `{}`: {error}", file.display());
                    vec![Check::error(format!("image of {app}"), message)]
                }
            },
            Self::Missing => vec![
                Check::error(
                    format!("image of {app}"),
                    "the settings name none, and the platform runs one",
                )
                .help("write `image = \"REGISTRY/NAME:TAG\"` in `[workspace.metadata.machinist]`"),
            ],
        }
    }
}
