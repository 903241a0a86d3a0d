//! Finds apps that were built but not linked, and says which line links them.
//!
//! A crate that a program depends on but never names is not linked, and its apps are lost.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{Artifact, CrateType, PackageId, Target};
use machinist_deploy::{Library, LostCrate, Manifest, WHY_LOST};

use crate::cargo::Build;
use crate::dependency_graph::{DependencyGraph, crate_name};
use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// A crate that was built but not linked, and what to do about it.
pub(crate) struct LostApps {
    /// The crate with the names of its apps.
    pub(crate) lost_crate: LostCrate,
    /// The warning about it, with the line to write.
    pub(crate) report: Failure,
    /// Whether a binary could link it: a library that no binary depends on is no mistake.
    pub(crate) is_expected: bool,
}

/// The apps that are in the libraries of a build, dynamic ones too, and in none of its binaries.
pub(crate) fn find<'a>(
    build: &'a Build,
    graph: &DependencyGraph<'a>,
    manifest: &Manifest,
) -> Result<Vec<LostApps>, Failure> {
    let use_lines = use_lines(build, graph);
    let may_have_apps = graph.packages_that_may_have_apps();
    let libraries: Vec<Library> = build
        .libraries
        .iter()
        .filter(|artifact| may_have_apps.contains(&artifact.package_id))
        .filter_map(|artifact| {
            Some(Library {
                crate_name: crate_name(&artifact.target),
                path: rust_library(artifact)?.clone().into(),
            })
        })
        .collect();
    let lost = machinist_deploy::lost(&libraries, manifest)?;
    let lost = lost.into_iter().map(|lost_crate| {
        let mut libraries = build.libraries.iter();
        let library =
            libraries.find(|library| crate_name(&library.target) == lost_crate.crate_name);
        let use_line = library.and_then(|library| use_lines.get(&library.package_id));
        let is_dynamic = library.is_some_and(|library| is_dynamic(&library.target));
        LostApps {
            report: report(&lost_crate, use_line, is_dynamic),
            is_expected: use_line.is_some(),
            lost_crate,
        }
    });
    Ok(lost.collect())
}

/// The file of a crate that other crates link or, without one, load.
fn rust_library(artifact: &Artifact) -> Option<&Utf8PathBuf> {
    let find = |extensions: &[&str]| {
        let mut files = artifact.filenames.iter();
        files.find(|file| {
            file.extension()
                .is_some_and(|extension| extensions.contains(&extension))
        })
    };
    find(&["rlib"]).or_else(|| find(&["so", "dylib", "dll"]))
}

/// Whether programs load the library when they start, and do not contain it.
fn is_dynamic(library: &Target) -> bool {
    library.crate_types.contains(&CrateType::DyLib)
        && !library.crate_types.contains(&CrateType::Lib)
        && !library.crate_types.contains(&CrateType::RLib)
}

fn report(lost: &LostCrate, use_line: Option<&UseLine>, is_dynamic: bool) -> Failure {
    let apps: Vec<String> = lost.apps.iter().map(|app| format!("`{app}`")).collect();
    let (noun, verb) = match lost.apps.len() {
        1 => ("app", "is"),
        _ => ("apps", "are"),
    };
    let subject = format!(
        "the {noun} {} of the crate `{}` {verb}",
        apps.join(", "),
        lost.crate_name
    );
    if is_dynamic {
        return Failure::new(format!(
            "{subject} not deployed: the crate is a `dylib`, and what a program loads is not read"
        ))
        .help("leave `dylib` out of the crate's `crate-type`, so that programs contain it");
    }
    let report =
        Failure::new(format!("{subject} lost: no binary that was built links it")).note(WHY_LOST);
    match use_line {
        Some(use_line) => report.help(use_line.help(&lost.package)),
        None => report,
    }
}

/// The line `use NAME as _;` that links a crate, and the files in which it can stand.
struct UseLine {
    /// The crate's name in these files.
    name: String,
    /// Any one of these files is enough.
    files: Vec<PathBuf>,
    /// Whether the files' package has to depend on the crate's package first.
    needs_dependency: bool,
}

impl UseLine {
    fn help(&self, package: &str) -> String {
        let files: Vec<String> = self
            .files
            .iter()
            .map(|file| format!("`{}`", file.display()))
            .collect();
        let first = if self.needs_dependency {
            format!("add `{package}` to the dependencies and ")
        } else {
            String::new()
        };
        format!(
            "{first}add `use {} as _;` to {}",
            self.name,
            files.join(" or ")
        )
    }
}

/// The line for every package that the binaries could link: in the binaries that depend on it, or
/// else in the nearest library that does.
fn use_lines<'a>(build: &'a Build, graph: &DependencyGraph<'a>) -> HashMap<&'a PackageId, UseLine> {
    let mut lines: HashMap<&PackageId, UseLine> = HashMap::new();
    let mut to_visit = VecDeque::new();
    for binary in &build.binaries {
        let file = relative_to_cwd(binary.target.src_path.as_std_path());
        for (id, name) in graph.crates_nameable_in(binary) {
            let line = lines.entry(id).or_insert_with(|| {
                to_visit.push_back(id);
                UseLine {
                    name,
                    files: Vec::new(),
                    needs_dependency: false,
                }
            });
            if !line.files.contains(&file) {
                line.files.push(file.clone());
            }
        }
    }
    while let Some(id) = to_visit.pop_front() {
        // A library that is not ours cannot be edited: the line goes where its own line goes.
        let (files, needs_dependency) = match (graph.local_library_file(id), lines.get(id)) {
            (Some(file), _) => (vec![file], false),
            (None, Some(line)) => (line.files.clone(), true),
            (None, None) => continue,
        };
        for (dependency, name) in graph.dependencies(id, false) {
            if !lines.contains_key(dependency) {
                to_visit.push_back(dependency);
                lines.insert(
                    dependency,
                    UseLine {
                        name,
                        files: files.clone(),
                        needs_dependency,
                    },
                );
            }
        }
    }
    lines
}
