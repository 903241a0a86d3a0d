//! The project that the command works in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, Metadata, Target, TargetKind};
use machinist_deploy::CargoToml;

use crate::cargo;
use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// A cargo workspace.
#[derive(Clone)]
pub(crate) struct Workspace {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target_folder: PathBuf,
    /// The files that may have settings.
    pub(crate) cargo_tomls: Vec<CargoToml>,
    /// The names of all that can be linked.
    pub(crate) binaries: BTreeSet<String>,
}

impl Workspace {
    pub(crate) fn new(metadata: &Metadata) -> Self {
        let root: PathBuf = metadata.workspace_root.clone().into();
        let own = CargoToml {
            path: root.join("Cargo.toml"),
            package: None,
        };
        let packages = metadata.workspace_packages();
        let members = packages.iter().map(|package| CargoToml {
            path: relative_to_cwd(package.manifest_path.as_std_path()),
            package: Some(package.name.clone()),
        });
        let targets = packages.iter().flat_map(|package| &package.targets);
        let binaries = targets.filter(|target| is_linked(target));
        Self {
            target_folder: metadata.target_directory.clone().into(),
            cargo_tomls: std::iter::once(own).chain(members).map(short).collect(),
            binaries: binaries.map(|target| target.name.clone()).collect(),
            root,
        }
    }

    /// The workspace around this folder, or that of a Cargo.toml; `None` outside of any.
    pub(crate) fn find(manifest_path: Option<&Path>) -> Result<Option<Self>, Failure> {
        let here = std::env::current_dir().unwrap_or_default();
        let is_there = here
            .ancestors()
            .any(|folder| folder.join("Cargo.toml").is_file());
        if manifest_path.is_none() && !is_there {
            return Ok(None);
        }
        let metadata = cargo::packages(manifest_path)?;
        Ok(Some(Self::new(&metadata)))
    }

    /// The folder of a package.
    pub(crate) fn folder_of(&self, package: &str) -> Option<PathBuf> {
        let mut members = self.cargo_tomls.iter();
        let member = members.find(|toml| toml.package.as_deref() == Some(package))?;
        Some(member.path.with_file_name(""))
    }
}

fn short(toml: CargoToml) -> CargoToml {
    CargoToml {
        path: relative_to_cwd(&toml.path),
        ..toml
    }
}

fn is_linked(target: &Target) -> bool {
    let is_program = [TargetKind::Bin, TargetKind::Example]
        .iter()
        .any(|kind| target.kind.contains(kind));
    is_program || target.crate_types.contains(&CrateType::CDyLib)
}
