//! What the packages of a build depend on.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId, Target, TargetKind};

use crate::cargo::{Image, is_library};
use crate::paths::relative_to_cwd;

/// The package whose attribute makes an app.
const SDK: &str = "machinist";

/// The packages by their ids, and what they depend on.
pub(crate) struct Graph<'a> {
    packages: HashMap<&'a PackageId, &'a Package>,
    nodes: HashMap<&'a PackageId, &'a Node>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(metadata: &'a Metadata) -> Self {
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let packages = metadata.packages.iter();
        Self {
            packages: packages.map(|package| (&package.id, package)).collect(),
            nodes: nodes.map(|node| (&node.id, node)).collect(),
        }
    }

    /// The crates that an image's code can name: its dependencies and its package's library.
    pub(crate) fn nameable_in(
        &self,
        image: &'a Image,
    ) -> impl Iterator<Item = (&'a PackageId, String)> {
        let id = &image.package;
        let own = self.library(id).filter(|own| **own != image.target);
        let is_example = image.target.kind.contains(&TargetKind::Example);
        own.map(|own| (id, crate_name(own)))
            .into_iter()
            .chain(self.dependencies(id, is_example))
    }

    /// The crates that are linked into a package's code, with their names there.
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

    /// The file in which a package's library can name its dependencies, if that is ours to edit.
    pub(crate) fn own_file(&self, id: &PackageId) -> Option<PathBuf> {
        let package = self.packages.get(id)?;
        let library = self.library(id)?;
        let is_local = package.source.is_none();
        is_local.then(|| relative_to_cwd(library.src_path.as_std_path()))
    }

    /// The packages that link [`SDK`] and can have apps. Reading all others would take seconds.
    pub(crate) fn can_have_apps(&self) -> HashSet<&'a PackageId> {
        let mut dependents: HashMap<&PackageId, Vec<&'a PackageId>> = HashMap::new();
        for &id in self.nodes.keys() {
            for (dependency, _) in self.dependencies(id, false) {
                dependents.entry(dependency).or_default().push(id);
            }
        }
        let packages = self.packages.values();
        let mut reached: Vec<&PackageId> = packages
            .filter(|package| package.name == SDK)
            .map(|package| &package.id)
            .collect();
        let mut found = HashSet::new();
        while let Some(id) = reached.pop() {
            if found.insert(id) {
                reached.extend(dependents.get(id).into_iter().flatten());
            }
        }
        found
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
