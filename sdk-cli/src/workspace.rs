//! The cargo workspace that the command works in.

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
    /// The folder of its `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// cargo's `target` folder.
    pub(crate) target_folder: PathBuf,
    /// The `Cargo.toml` files that may have settings, the workspace's first.
    pub(crate) cargo_tomls: Vec<CargoToml>,
    /// The names of all binaries, examples and cdylibs.
    pub(crate) binaries: BTreeSet<String>,
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
        let targets = packages.iter().flat_map(|package| &package.targets);
        let binaries = targets.filter(|target| makes_binary(target));
        Self {
            target_folder: metadata.target_directory.clone().into(),
            cargo_tomls: std::iter::once(workspace_toml)
                .chain(package_tomls)
                .collect(),
            binaries: binaries.map(|target| target.name.clone()).collect(),
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

    /// The folder of a package of the workspace.
    pub(crate) fn package_folder(&self, package: &str) -> Option<PathBuf> {
        let mut members = self.cargo_tomls.iter();
        let member = members.find(|toml| toml.package.as_deref() == Some(package))?;
        Some(member.path.with_file_name(""))
    }
}

/// Whether cargo links a file of this target that can carry apps.
fn makes_binary(target: &Target) -> bool {
    let is_program = [TargetKind::Bin, TargetKind::Example]
        .iter()
        .any(|kind| target.kind.contains(kind));
    is_program || target.crate_types.contains(&CrateType::CDyLib)
}
