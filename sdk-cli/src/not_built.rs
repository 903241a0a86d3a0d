//! What of a workspace was not built, and how to build all of it.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, Package, PackageId, Target};
use machinist_deploy::Unread;

use crate::args::selection::Selection;
use crate::cargo::Build;
use crate::dependency_graph::DependencyGraph;
use crate::workspace::{BinaryKind, BinaryTarget};

/// What of the workspace was not built.
pub(crate) struct NotBuilt {
    targets: Vec<NotBuiltTarget>,
    /// Whether an example of the workspace may have apps, built or not.
    has_examples: bool,
    /// The same of a library.
    has_libraries: bool,
    /// The flags of the build.
    selection: Selection,
}

/// A binary or a library that was not built.
struct NotBuiltTarget {
    name: String,
    /// `None` for a library that only other code links.
    kind: Option<BinaryKind>,
    may_have_apps: bool,
    /// Features that it requires, and that the build did not have.
    missing_features: Vec<String>,
}

impl NotBuilt {
    pub(crate) fn new(
        build: &Build,
        graph: &DependencyGraph<'_>,
        selection: &Selection,
        all: &[BinaryTarget],
        built: &[BinaryTarget],
    ) -> Self {
        let may_have_apps: Vec<&BinaryTarget> = graph.binaries_that_may_have_apps(all).collect();
        let libraries: Vec<(&Package, &Target)> = graph
            .workspace_libraries_that_may_have_apps(&build.metadata)
            .collect();
        let has = |kind| may_have_apps.iter().any(|binary| binary.kind == kind);
        let binaries = all.iter().filter(|binary| !built.contains(binary));
        let binaries = binaries.map(|binary| NotBuiltTarget {
            name: binary.unique_name(all, &build.metadata),
            kind: Some(binary.kind),
            may_have_apps: may_have_apps.contains(&binary),
            missing_features: missing_features(binary, &build.metadata),
        });
        let has_libraries = !libraries.is_empty() || has(BinaryKind::Cdylib);
        let is_built = |id: &PackageId| {
            let mut libraries = build.libraries.iter();
            libraries.any(|library| library.package_id == *id)
        };
        let libraries = libraries
            .iter()
            .filter(|(package, _)| !is_built(&package.id));
        let libraries = libraries.map(|(_, library)| NotBuiltTarget {
            name: name_of_library(library, all),
            kind: None,
            may_have_apps: true,
            missing_features: Vec::new(),
        });
        Self {
            targets: binaries.chain(libraries).collect(),
            has_examples: has(BinaryKind::Example),
            has_libraries,
            selection: selection.clone(),
        }
    }

    /// What was not built and may have apps; `deployed` are the binaries of deployed apps.
    pub(crate) fn unread(&self, deployed: &BTreeSet<String>) -> Unread {
        // The last deploy knows what its binaries had, whatever their packages depend on now.
        let is_deployed =
            |target: &NotBuiltTarget| target.kind.is_some() && deployed.contains(&target.name);
        let unread: Vec<&NotBuiltTarget> = self
            .targets
            .iter()
            .filter(|target| target.may_have_apps || is_deployed(target))
            .collect();
        Unread {
            binaries: unread.iter().map(|target| target.name.clone()).collect(),
            how_to_read: self.how_to_read(&unread),
        }
    }

    fn how_to_read(&self, unread: &[&NotBuiltTarget]) -> String {
        let is_unread = |kind| unread.iter().any(|target| target.kind == Some(kind));
        let has_examples = self.has_examples || is_unread(BinaryKind::Example);
        let has_libraries = self.has_libraries || is_unread(BinaryKind::Cdylib);
        // Each of the last three leaves out what none of them names.
        let mut flags = match (has_examples, has_libraries) {
            (false, _) => "--workspace".to_owned(),
            (true, false) => "--workspace --bins --examples".into(),
            (true, true) => "--workspace --lib --bins --examples".into(),
        };
        let missing = unread.iter().flat_map(|target| &target.missing_features);
        let missing: BTreeSet<String> = missing.cloned().collect();
        if !missing.is_empty() {
            let features = missing.into_iter().chain(self.selection.feature_names());
            let features: BTreeSet<String> = features.collect();
            let features: Vec<String> = features.into_iter().collect();
            flags += &format!(" --features {}", features.join(","));
        }
        let too_many = self.selection.flags_that_leave_out(has_examples);
        let without = match too_many.is_empty() {
            true => String::new(),
            false => format!(", without `{}`", too_many.join("` and `")),
        };
        format!("build and read all of them with `{flags}`{without}")
    }
}

/// The features that a binary requires and the build did not have: cargo passes over such a binary
/// without a word.
fn missing_features(binary: &BinaryTarget, metadata: &Metadata) -> Vec<String> {
    let mut packages = metadata.packages.iter();
    let Some(package) = packages.find(|package| package.id == binary.package) else {
        return Vec::new();
    };
    let mut nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let enabled = nodes.find(|node| node.id == binary.package);
    let enabled = enabled.map_or(&[][..], |node| &node.features);
    let mut targets = package.targets.iter();
    let target =
        targets.find(|target| BinaryTarget::new(&package.id, target).as_ref() == Some(binary));
    let required = target.map_or(&[][..], |target| &target.required_features);
    let missing = required.iter().filter(|feature| !enabled.contains(feature));
    missing.cloned().collect()
}

/// A library's name, told from a binary of the same name.
fn name_of_library(library: &Target, all: &[BinaryTarget]) -> String {
    match all.iter().any(|binary| binary.name == library.name) {
        true => format!("{}-lib", library.name),
        false => library.name.clone(),
    }
}
