//! The apps of binaries, which cargo builds or which were built elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use machinist_deploy::{Binary, Manifest, Unread, WHY_LOST};

use crate::args::globals::Globals;
use crate::args::selection::{BuildProfile, Selection};
use crate::args::source::AppSource;
use crate::cargo::{self, Build, BuiltBinary};
use crate::context::Context;
use crate::dependency_graph::DependencyGraph;
use crate::failure::Failure;
use crate::lost_apps::{self, LostApps};
use crate::not_built::NotBuilt;
use crate::output::Output;
use crate::workspace::{BinaryKind, BinaryTarget, package_name};

/// The apps of some binaries.
pub(crate) struct LinkedApps {
    /// The apps, with their parameters as the code sets them.
    pub(crate) manifest: Manifest,
    /// The binaries that were read.
    pub(crate) binaries: Vec<Binary>,
    /// Apps that were built but not linked.
    pub(crate) lost: Vec<LostApps>,
    /// The profile of the build, if there was one.
    pub(crate) profile: Option<String>,
    /// The names of the binaries that are libraries: no program.
    libraries: BTreeSet<String>,
    /// What of the workspace was not built, if there was a build.
    not_built: Option<NotBuilt>,
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
        let all = BinaryTarget::of_workspace(&build.metadata);
        let binaries = named_binaries(&build, &all)?;
        let manifest = read_manifest(&binaries, output)?;
        let graph = DependencyGraph::new(&build.metadata);
        let lost = lost_apps::find(&build, &graph, &manifest)?;
        let built: Vec<BinaryTarget> = build.binaries.iter().filter_map(binary_target).collect();
        let libraries = built
            .iter()
            .filter(|built| built.kind == BinaryKind::Cdylib);
        let libraries = libraries.map(|built| built.unique_name(&all, &build.metadata));
        Ok(Self {
            manifest,
            binaries,
            lost,
            profile: Some(selection.profile_name().to_owned()),
            libraries: libraries.collect(),
            not_built: Some(NotBuilt::new(&build, &graph, selection, &all, &built)),
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
        let mut by_name: BTreeMap<String, &Path> = BTreeMap::new();
        let mut binaries = Vec::new();
        for file in &source.binary {
            let name = binary_name(file);
            match by_name.insert(name.clone(), file) {
                Some(other) if other == file => {}
                Some(other) => return Err(same_name(&name, other, file)),
                None => binaries.push(Binary {
                    name,
                    path: file.clone(),
                }),
            }
        }
        let manifest = read_manifest(&binaries, output)?;
        Ok(Self {
            manifest,
            binaries,
            lost: Vec::new(),
            profile: None,
            libraries: BTreeSet::new(),
            not_built: None,
        })
    }

    /// The apps to deploy. Where a program and a library have an app, the program runs it.
    pub(crate) fn to_deploy(&self) -> Manifest {
        let mut manifest = self.manifest.clone();
        for app in &mut manifest.apps {
            let is_program = |name: &String| !self.libraries.contains(name);
            if app.binaries.iter().any(is_program) {
                app.binaries.retain(is_program);
            }
        }
        manifest
    }

    /// Whether an app was built that a binary should have linked, and did not.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.iter().any(|lost| lost.is_expected)
    }

    /// What was not read and may have apps: the others of the workspace or, without a build, the
    /// other binaries that deployed apps come from.
    pub(crate) fn unread(&self, deployed: &BTreeSet<String>) -> Unread {
        if let Some(not_built) = &self.not_built {
            return not_built.unread(deployed);
        }
        let is_read = |name: &&String| self.binaries.iter().any(|read| read.name == **name);
        Unread {
            binaries: deployed
                .iter()
                .filter(|name| !is_read(name))
                .cloned()
                .collect(),
            how_to_read: "read all of them together with `--binary`".into(),
        }
    }
}

fn binary_target(built: &BuiltBinary) -> Option<BinaryTarget> {
    BinaryTarget::new(&built.package, &built.target)
}

/// The binaries of a build under the names that the manifest has.
///
/// # Errors
///
/// When two of them are written to one file: what is read is only the last one.
fn named_binaries(build: &Build, all: &[BinaryTarget]) -> Result<Vec<Binary>, Failure> {
    let mut by_path: BTreeMap<&Path, &BuiltBinary> = BTreeMap::new();
    for binary in &build.binaries {
        if let Some(other) = by_path.insert(&binary.path, binary) {
            return Err(same_path(build, other, binary));
        }
    }
    let name = |binary: &BuiltBinary| {
        let target = binary_target(binary);
        let name = target.map(|target| target.unique_name(all, &build.metadata));
        name.unwrap_or_else(|| binary.target.name.clone())
    };
    let binaries = build.binaries.iter().map(|binary| Binary {
        name: name(binary),
        path: binary.path.clone(),
    });
    Ok(binaries.collect())
}

fn same_name(name: &str, first: &Path, second: &Path) -> Failure {
    Failure::new(format!(
        "two of the binaries are named `{name}`: `{}` and `{}`",
        first.display(),
        second.display()
    ))
    .help("read one of them, or rename its file")
}

fn same_path(build: &Build, first: &BuiltBinary, second: &BuiltBinary) -> Failure {
    let describe = |binary: &BuiltBinary| {
        let package = package_name(&build.metadata, &binary.package);
        let kind = binary_target(binary).map_or("binary", |target| target.kind.as_str());
        format!("the {kind} `{}` of `{package}`", binary.target.name)
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
pub(crate) fn binary_name(file: &Path) -> String {
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
    if !lost.iter().any(|apps| apps.is_expected) {
        return failure
            .help("write `#[machinist::app(machine_type = \"...\")]` above a fn, struct or enum");
    }
    for apps in lost.into_iter().filter(|apps| apps.is_expected) {
        failure.help.extend(apps.report.help);
        failure.note.push(apps.report.message);
    }
    failure.note(WHY_LOST)
}
