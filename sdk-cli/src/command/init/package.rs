//! The package that gets an app.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package, Target, TargetKind};
use machinist_core::problem::unknown;

use crate::cargo;
use crate::failure::Failure;
use crate::workspace::{BinaryKind, BinaryTarget};

/// The packages around this `Cargo.toml` or, without one, around the current folder.
pub(super) fn metadata(manifest_path: Option<&Path>) -> Result<Metadata, Failure> {
    if manifest_path.is_none() && nearest_cargo_toml().is_none() {
        return Err(
            Failure::new("there is no `Cargo.toml` in this folder or above it")
                .help("make a package with `cargo new NAME`, and run this in its folder"),
        );
    }
    cargo::workspace_metadata(manifest_path)
}

/// The package of this name, or else that of the nearest `Cargo.toml`.
pub(super) fn choose<'a>(
    metadata: &'a Metadata,
    name: Option<&str>,
    manifest_path: Option<&Path>,
) -> Result<&'a Package, Failure> {
    let packages = metadata.workspace_packages();
    if let Some(name) = name {
        let names: Vec<&str> = packages.iter().map(|package| &*package.name).collect();
        let named = packages.iter().find(|package| package.name == name);
        return named
            .copied()
            .ok_or_else(|| unknown("package", name, &names).into());
    }
    let nearest = match manifest_path {
        Some(path) => Some(path.to_owned()),
        None => nearest_cargo_toml(),
    };
    let nearest = nearest.and_then(|path| fs::canonicalize(path).ok());
    let is_nearest = |package: &&&Package| {
        nearest.is_some() && fs::canonicalize(&package.manifest_path).ok() == nearest
    };
    match (packages.iter().find(is_nearest), &*packages) {
        (Some(package), _) | (None, [package]) => Ok(package),
        (None, []) => Err(Failure::new("the workspace has no package")
            .help("make one with `cargo new NAME`, and run this in its folder")),
        (None, [first, ..]) => {
            let names: Vec<&str> = packages.iter().map(|package| &*package.name).collect();
            Err(
                Failure::new("the workspace has several packages, and an app belongs to one")
                    .help(format!("select one, for instance with `-p {}`", first.name))
                    .note(format!("packages are {}", names.join(", "))),
            )
        }
    }
}

fn nearest_cargo_toml() -> Option<PathBuf> {
    let cwd = std::env::current_dir().ok()?;
    let mut files = cwd.ancestors().map(|folder| folder.join("Cargo.toml"));
    files.find(|file| file.is_file())
}

/// Where the apps of a package can be.
pub(super) struct Sources<'a> {
    /// The programs of the package.
    pub(super) binaries: Vec<&'a Target>,
    /// Its library.
    pub(super) library: Option<&'a Target>,
    /// Whether the library is linked into a file that carries apps.
    pub(super) is_cdylib: bool,
}

impl<'a> Sources<'a> {
    pub(super) fn of(package: &'a Package) -> Self {
        let is_bin = |target: &&Target| target.kind.contains(&TargetKind::Bin);
        let is_other = |target: &&Target| {
            let kinds = [
                TargetKind::Bin,
                TargetKind::Example,
                TargetKind::Test,
                TargetKind::Bench,
                TargetKind::CustomBuild,
            ];
            kinds.iter().any(|kind| target.kind.contains(kind))
        };
        let library = package.targets.iter().find(|target| !is_other(target));
        let linked = library.and_then(|library| BinaryTarget::new(&package.id, library));
        Self {
            binaries: package.targets.iter().filter(is_bin).collect(),
            library,
            is_cdylib: linked.is_some_and(|linked| linked.kind == BinaryKind::Cdylib),
        }
    }

    /// The program of this name, or else the package's only one or default one.
    pub(super) fn binary(
        &self,
        name: Option<&str>,
        package: &Package,
    ) -> Result<Option<&'a Target>, Failure> {
        let names: Vec<&str> = self.binaries.iter().map(|bin| &*bin.name).collect();
        let named = |name: &str| self.binaries.iter().copied().find(|bin| bin.name == name);
        if let Some(name) = name {
            let found = named(name);
            return found.map(Some).ok_or_else(|| match &*names {
                [] => Failure::new(format!("the package `{}` has no binary", package.name)),
                names => unknown("binary", name, names).into(),
            });
        }
        match (&*self.binaries, &package.default_run) {
            ([], _) => Ok(None),
            ([one], _) => Ok(Some(one)),
            (_, Some(default)) => Ok(named(default)),
            ([first, ..], None) => Err(Failure::new(format!(
                "the package `{}` has several binaries, and the first app needs one",
                package.name
            ))
            .help(format!(
                "select one, for instance with `--bin {}`",
                first.name
            ))
            .note(format!("binaries are {}", names.join(", ")))),
        }
    }

    /// Every source file: the files of the targets first, then what is in their folders.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let targets = self.binaries.iter().chain(&self.library);
        let roots: Vec<PathBuf> = targets
            .map(|target| target.src_path.clone().into_std_path_buf())
            .collect();
        let mut files = roots.clone();
        for folder in roots.iter().filter_map(|root| root.parent()) {
            add_files(folder, &mut files);
        }
        files
    }
}

/// Adds the Rust files in a folder, without those of other packages and of builds.
fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        let is_link = path.is_symlink();
        if path.is_dir() && !is_hidden && !is_link {
            let is_other = ["Cargo.toml", "CACHEDIR.TAG"]
                .iter()
                .any(|file| path.join(file).exists());
            if !is_other {
                add_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !files.contains(&path)
        {
            files.push(path);
        }
    }
}
