//! The packages of a build and their dependencies.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId, Target, TargetKind};

use crate::cargo::{BuiltBinary, is_library};
use crate::paths::relative_to_cwd;
use crate::workspace::{BinaryKind, BinaryTarget};

/// The package with the attribute that makes an app.
const SDK: &str = "machinist";

/// The packages of a build and their dependencies, by the packages' ids.
pub(crate) struct DependencyGraph<'a> {
    packages: HashMap<&'a PackageId, &'a Package>,
    nodes: HashMap<&'a PackageId, &'a Node>,
}

impl<'a> DependencyGraph<'a> {
    pub(crate) fn new(metadata: &'a Metadata) -> Self {
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let packages = metadata.packages.iter();
        Self {
            packages: packages.map(|package| (&package.id, package)).collect(),
            nodes: nodes.map(|node| (&node.id, node)).collect(),
        }
    }

    /// The crates that the code of a binary can name, with their names there: its dependencies and
    /// the library of its own package.
    pub(crate) fn crates_nameable_in(
        &self,
        binary: &'a BuiltBinary,
    ) -> impl Iterator<Item = (&'a PackageId, String)> {
        let id = &binary.package;
        // A cdylib may itself be the package's library.
        let library = self
            .library(id)
            .filter(|library| **library != binary.target);
        let is_example = binary.target.kind.contains(&TargetKind::Example);
        library
            .map(|library| (id, crate_name(library)))
            .into_iter()
            .chain(self.dependencies(id, is_example))
    }

    /// The crates that a package's code can name, with their names there.
    pub(crate) fn dependencies(
        &self,
        id: &PackageId,
        is_example: bool,
    ) -> impl Iterator<Item = (&'a PackageId, String)> {
        let dependencies = self.nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let is_linked = move |kind: DependencyKind| {
            kind == DependencyKind::Normal || is_example && kind == DependencyKind::Development
        };
        dependencies
            .filter(move |dependency| dependency.dep_kinds.iter().any(|info| is_linked(info.kind)))
            .map(|dependency| (&dependency.pkg, dependency.name.clone()))
    }

    /// The root file of a package's library, if the package is local and can be edited.
    pub(crate) fn local_library_file(&self, id: &PackageId) -> Option<PathBuf> {
        let package = self.packages.get(id)?;
        let library = self.library(id)?;
        let is_local = package.source.is_none();
        is_local.then(|| relative_to_cwd(library.src_path.as_std_path()))
    }

    /// The packages that link [`SDK`], however indirectly. Only they can have apps, and to read the
    /// libraries of all others would take seconds.
    pub(crate) fn packages_that_may_have_apps(&self) -> HashSet<&'a PackageId> {
        let mut dependents: HashMap<&PackageId, Vec<&'a PackageId>> = HashMap::new();
        for &id in self.nodes.keys() {
            for (dependency, _) in self.dependencies(id, false) {
                dependents.entry(dependency).or_default().push(id);
            }
        }
        let packages = self.packages.values();
        let mut to_visit: Vec<&PackageId> = packages
            .filter(|package| package.name == SDK)
            .map(|package| &package.id)
            .collect();
        let mut found = HashSet::new();
        while let Some(id) = to_visit.pop() {
            if found.insert(id) {
                to_visit.extend(dependents.get(id).into_iter().flatten());
            }
        }
        found
    }

    /// The binaries that link [`SDK`], however indirectly. An example also links the
    /// development dependencies.
    pub(crate) fn binaries_that_may_have_apps<'b>(
        &self,
        binaries: &'b [BinaryTarget],
    ) -> impl Iterator<Item = &'b BinaryTarget> {
        let packages = self.packages_that_may_have_apps();
        binaries.iter().filter(move |binary| {
            let is_example = binary.kind == BinaryKind::Example;
            let mut dependencies = self.dependencies(&binary.package, is_example);
            packages.contains(&binary.package) || dependencies.any(|(id, _)| packages.contains(id))
        })
    }

    /// The libraries of the workspace that link [`SDK`], without those that are binaries too.
    pub(crate) fn workspace_libraries_that_may_have_apps(
        &self,
        metadata: &'a Metadata,
    ) -> impl Iterator<Item = (&'a Package, &'a Target)> {
        let found = self.packages_that_may_have_apps();
        let packages = metadata.workspace_packages().into_iter();
        let packages =
            packages.filter(move |package| found.contains(&package.id) && package.name != SDK);
        packages
            .filter_map(|package| Some((package, self.library(&package.id)?)))
            .filter(|(package, library)| BinaryTarget::new(&package.id, library).is_none())
    }

    fn library(&self, id: &PackageId) -> Option<&'a Target> {
        self.packages
            .get(id)?
            .targets
            .iter()
            .find(|target| is_library(target))
    }
}

/// A library's name, as code writes it.
pub(crate) fn crate_name(target: &Target) -> String {
    target.name.replace('-', "_")
}
