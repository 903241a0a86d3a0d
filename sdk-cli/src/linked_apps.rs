//! The apps of binaries, which cargo builds or which were built elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use machinist_deploy::{Binary, Manifest, WHY_LOST};

use crate::args::globals::Globals;
use crate::args::selection::{BuildProfile, Selection};
use crate::args::source::AppSource;
use crate::cargo::{self, Build, BuiltBinary};
use crate::context::Context;
use crate::failure::Failure;
use crate::lost_apps::{self, LostApps};
use crate::output::Output;
use crate::workspace::Workspace;

/// The apps of some binaries.
pub(crate) struct LinkedApps {
    /// The apps, with their parameters as the code sets them.
    pub(crate) manifest: Manifest,
    /// The binaries that were read.
    pub(crate) binaries: Vec<Binary>,
    /// Apps that were built but not linked.
    pub(crate) lost: Vec<LostApps>,
    /// The workspace, if there was a build.
    pub(crate) workspace: Option<Workspace>,
    /// The profile of the build, if there was one.
    pub(crate) profile: Option<String>,
}

impl LinkedApps {
    /// Builds and reads what the arguments select. Without apps it is an error.
    pub(crate) fn read(source: &AppSource, context: &Context) -> Result<Self, Failure> {
        let apps = Self::read_any(source, BuildProfile::Dev, context)?;
        match apps.manifest.apps.is_empty() {
            true => Err(no_apps_found(&apps.binaries, apps.lost)),
            false => Ok(apps),
        }
    }

    /// Builds and reads what the arguments select, which may be no apps. Without a flag for it the
    /// build has this profile.
    pub(crate) fn read_any(
        source: &AppSource,
        default_profile: BuildProfile,
        context: &Context,
    ) -> Result<Self, Failure> {
        if source.binary.is_empty() {
            let selection = source.selection.with_default(default_profile);
            Self::from_build(&selection, &context.globals, &context.output)
        } else {
            Self::from_binaries(source, &context.output)
        }
    }

    fn from_build(
        selection: &Selection,
        globals: &Globals,
        output: &Output,
    ) -> Result<Self, Failure> {
        let build = cargo::build(selection, globals)?;
        if build.binaries.is_empty() {
            return Err(
                Failure::new("the selected packages have no binary and no cdylib to read").help(
                    "select a package that has one with `-p`, or an example with `--example`",
                ),
            );
        }
        let binaries = named_binaries(&build)?;
        let manifest = read_manifest(&binaries, output)?;
        let lost = lost_apps::find(&build, &manifest)?;
        Ok(Self {
            manifest,
            binaries,
            lost,
            workspace: Some(Workspace::new(&build.metadata)),
            profile: Some(selection.profile_name().to_owned()),
        })
    }

    fn from_binaries(source: &AppSource, output: &Output) -> Result<Self, Failure> {
        if let Some(flag) = source.selection.build_flags().first() {
            let flag = flag.to_string_lossy();
            return Err(Failure::new(format!(
                "`--binary` builds nothing, so `{flag}` has no effect"
            ))
            .help("leave out one of the two"));
        }
        let binaries: Vec<Binary> = source
            .binary
            .iter()
            .map(|file| Binary {
                name: binary_name(file),
                path: file.clone(),
            })
            .collect();
        let manifest = read_manifest(&binaries, output)?;
        Ok(Self {
            manifest,
            binaries,
            lost: Vec::new(),
            workspace: None,
            profile: None,
        })
    }

    /// Names of binaries that were not read and may have apps: the others of the workspace or,
    /// without a build, the others that deployed apps come from.
    pub(crate) fn unread_binaries(&self, deployed: BTreeSet<String>) -> BTreeSet<String> {
        let is_read = |name: &String| self.binaries.iter().any(|binary| binary.name == *name);
        let known = match &self.workspace {
            Some(workspace) => workspace.binaries.clone(),
            None => deployed,
        };
        known.into_iter().filter(|name| !is_read(name)).collect()
    }
}

/// The binaries of a build under the names that the manifest has: that of the target and, where two
/// have one, its kind or its package.
///
/// # Errors
///
/// When two of them are written to one file: what is read is only the last one.
fn named_binaries(build: &Build) -> Result<Vec<Binary>, Failure> {
    let mut by_path: BTreeMap<&Path, &BuiltBinary> = BTreeMap::new();
    for binary in &build.binaries {
        if let Some(other) = by_path.insert(&binary.path, binary) {
            return Err(same_path(build, other, binary));
        }
    }
    let name = |binary: &BuiltBinary| {
        let is_same = |other: &&BuiltBinary| other.target.name == binary.target.name;
        let (name, kind) = (&binary.target.name, binary.kind());
        let same: Vec<&BuiltBinary> = build.binaries.iter().filter(is_same).collect();
        let same_kind = same.iter().filter(|other| other.kind() == kind).count();
        match (same.len(), same_kind, kind) {
            (1, ..) | (_, 1, "bin") => name.clone(),
            (_, 1, kind) => format!("{name}-{kind}"),
            (.., kind) => format!("{}-{name}-{kind}", build.package_name(&binary.package)),
        }
    };
    let binaries = build.binaries.iter().map(|binary| Binary {
        name: name(binary),
        path: binary.path.clone(),
    });
    Ok(binaries.collect())
}

fn same_path(build: &Build, first: &BuiltBinary, second: &BuiltBinary) -> Failure {
    let describe = |binary: &BuiltBinary| {
        let package = build.package_name(&binary.package);
        format!(
            "the {} `{}` of `{package}`",
            binary.kind(),
            binary.target.name
        )
    };
    Failure::new(format!(
        "{} and {} are written to one file: `{}`",
        describe(first),
        describe(second),
        first.path.display()
    ))
    .help("give one of them another name in its Cargo.toml, or select one of them with `-p`")
}

/// The file's name without the extension that a platform gives to binaries.
fn binary_name(file: &Path) -> String {
    let of_binaries =
        |extension: &str| matches!(extension, "exe" | "wasm" | "so" | "dylib" | "dll");
    let extension = file.extension().and_then(|extension| extension.to_str());
    let name = match extension {
        Some(extension) if of_binaries(extension) => file.file_stem(),
        _ => file.file_name(),
    };
    name.unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn read_manifest(binaries: &[Binary], output: &Output) -> Result<Manifest, Failure> {
    for binary in binaries {
        output.verbose("Reading", &binary.path.display().to_string());
    }
    Ok(Manifest::read(binaries)?)
}

pub(crate) fn no_apps_found(binaries: &[Binary], lost: Vec<LostApps>) -> Failure {
    let paths: Vec<String> = binaries
        .iter()
        .map(|binary| format!("`{}`", binary.path.display()))
        .collect();
    let places = match paths.len() {
        0..=3 => paths.join(", "),
        count => format!("{count} binaries"),
    };
    let mut failure = Failure::new(format!("no apps found in {places}"));
    if lost.is_empty() {
        return failure
            .help("write `#[machinist::app(machine_type = \"...\")]` above a fn, struct or enum");
    }
    for apps in lost {
        failure.help.extend(apps.report.help);
        failure.note.push(apps.report.message);
    }
    failure.note(WHY_LOST)
}
