//! The cargo workspace that the command works in.

use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, Metadata, PackageId, Target, TargetKind};
use machinist_deploy::CargoToml;

use crate::cargo;
use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// A cargo workspace.
#[derive(Clone)]
pub(crate) struct Workspace {
    /// The folder of its `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// cargo's `target` folder.
    pub(crate) target_folder: PathBuf,
    /// The `Cargo.toml` files that may have settings, the workspace's first.
    pub(crate) cargo_tomls: Vec<CargoToml>,
}

/// A program or a library that cargo can build, and that can carry apps.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BinaryTarget {
    /// The package that it belongs to.
    pub(crate) package: PackageId,
    pub(crate) kind: BinaryKind,
    /// Its name in `Cargo.toml`.
    pub(crate) name: String,
}

/// A kind of linked file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryKind {
    Bin,
    Example,
    Cdylib,
}

impl BinaryKind {
    /// As `Cargo.toml` calls it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Example => "example",
            Self::Cdylib => "cdylib",
        }
    }
}

impl BinaryTarget {
    /// A target of a package, if cargo links a file of it that can carry apps.
    pub(crate) fn new(package: &PackageId, target: &Target) -> Option<Self> {
        let is = |kind| target.kind.contains(&kind);
        let kind = if is(TargetKind::Bin) {
            BinaryKind::Bin
        } else if is(TargetKind::Example) {
            BinaryKind::Example
        } else if target.crate_types.contains(&CrateType::CDyLib) {
            BinaryKind::Cdylib
        } else {
            return None;
        };
        Some(Self {
            package: package.clone(),
            kind,
            name: target.name.clone(),
        })
    }

    /// Every binary, example and cdylib of a workspace.
    pub(crate) fn of_workspace(metadata: &Metadata) -> Vec<Self> {
        let packages = metadata.workspace_packages().into_iter();
        let targets = packages.flat_map(|package| {
            let targets = package.targets.iter();
            targets.filter_map(|target| Self::new(&package.id, target))
        });
        targets.collect()
    }

    /// Its name among all of a workspace: where two have one name, with the kind or the package. The
    /// name does not depend on what is built.
    pub(crate) fn unique_name(&self, all: &[Self], metadata: &Metadata) -> String {
        let (name, kind) = (&self.name, self.kind.as_str());
        let others = all.iter().filter(|other| *other != self);
        let same: Vec<&Self> = others.filter(|other| other.name == *name).collect();
        let is_only_one_of_kind = same.iter().all(|other| other.kind != self.kind);
        match (same.is_empty(), is_only_one_of_kind, self.kind) {
            (true, ..) | (_, true, BinaryKind::Bin) => name.clone(),
            (_, true, _) => format!("{name}-{kind}"),
            _ => format!("{}-{name}-{kind}", package_name(metadata, &self.package)),
        }
    }
}

/// The name of a package.
pub(crate) fn package_name<'a>(metadata: &'a Metadata, id: &'a PackageId) -> &'a str {
    let mut packages = metadata.packages.iter();
    let package = packages.find(|package| package.id == *id);
    package.map_or(&id.repr, |package| &package.name)
}

impl Workspace {
    pub(crate) fn new(metadata: &Metadata) -> Self {
        let root: PathBuf = metadata.workspace_root.clone().into();
        let workspace_toml = CargoToml {
            path: relative_to_cwd(&root.join("Cargo.toml")),
            package: None,
        };
        let packages = metadata.workspace_packages();
        let package_tomls = packages.iter().map(|package| CargoToml {
            path: relative_to_cwd(package.manifest_path.as_std_path()),
            package: Some(package.name.clone()),
        });
        Self {
            target_folder: metadata.target_directory.clone().into(),
            cargo_tomls: std::iter::once(workspace_toml)
                .chain(package_tomls)
                .collect(),
            root,
        }
    }

    /// The workspace of this `Cargo.toml`, or else the one around the current folder, if there is
    /// one.
    pub(crate) fn find(manifest_path: Option<&Path>) -> Result<Option<Self>, Failure> {
        let cwd = std::env::current_dir().unwrap_or_default();
        let is_inside_workspace = cwd
            .ancestors()
            .any(|folder| folder.join("Cargo.toml").is_file());
        if manifest_path.is_none() && !is_inside_workspace {
            return Ok(None);
        }
        let metadata = cargo::workspace_metadata(manifest_path)?;
        Ok(Some(Self::new(&metadata)))
    }

    /// The names of its packages.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &str> {
        let members = self.cargo_tomls.iter();
        members.filter_map(|toml| toml.package.as_deref())
    }

    /// The folder of a package of the workspace.
    pub(crate) fn package_folder(&self, package: &str) -> Option<PathBuf> {
        let mut members = self.cargo_tomls.iter();
        let member = members.find(|toml| toml.package.as_deref() == Some(package))?;
        Some(member.path.with_file_name(""))
    }
}
