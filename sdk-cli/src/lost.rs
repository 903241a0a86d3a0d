//! Crates that a program depends on but never names are not linked, and their apps are lost.
//! This finds them, and says where to name them.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use cargo_metadata::PackageId;
use machinist_deploy::{Library, LostCrate, Manifest, WHY_LOST};

use crate::cargo::Build;
use crate::failure::Failure;
use crate::graph::{Graph, crate_name};
use crate::paths::relative_to_cwd;

/// A crate that was built but not linked, and what to do about it.
pub(crate) struct LostApps {
    /// The crate with the names of its apps.
    pub(crate) lost_crate: LostCrate,
    /// The warning about it, with the line to write.
    pub(crate) report: Failure,
}

/// Apps that are in the build's libraries and in none of its images, with what to do.
pub(crate) fn find(build: &Build, manifest: &Manifest) -> Result<Vec<LostApps>, Failure> {
    let graph = Graph::new(&build.metadata);
    let sites = sites(build, &graph);
    let can_have_apps = graph.can_have_apps();
    let libraries: Vec<Library> = build
        .libraries
        .iter()
        .filter(|artifact| can_have_apps.contains(&artifact.package_id))
        .filter(|artifact| sites.contains_key(&artifact.package_id))
        .flat_map(|artifact| {
            let files = artifact.filenames.iter();
            let rlibs = files.filter(|file| file.extension() == Some("rlib"));
            rlibs.map(|rlib| Library {
                crate_name: crate_name(&artifact.target),
                path: rlib.clone().into(),
            })
        })
        .collect();
    let lost = machinist_deploy::lost(&libraries, manifest)?;
    Ok(lost
        .into_iter()
        .map(|lost_crate| LostApps {
            report: explain(&lost_crate, build, &sites),
            lost_crate,
        })
        .collect())
}

fn explain(lost: &LostCrate, build: &Build, sites: &HashMap<&PackageId, Site>) -> Failure {
    let one = lost.apps.len() == 1;
    let apps: Vec<String> = lost.apps.iter().map(|app| format!("`{app}`")).collect();
    let report = Failure::new(format!(
        "the {} {} of the crate `{}` {} lost: no binary that was built links it",
        if one { "app" } else { "apps" },
        apps.join(", "),
        lost.crate_name,
        if one { "is" } else { "are" },
    ))
    .note(WHY_LOST);
    let site = build
        .libraries
        .iter()
        .filter(|library| crate_name(&library.target) == lost.crate_name)
        .find_map(|library| sites.get(&library.package_id));
    match site {
        Some(site) => report.help(site.help(&lost.package)),
        None => report,
    }
}

/// Where a crate can be named.
struct Site {
    /// The crate's name there.
    name: String,
    /// The files, any of which will do.
    files: Vec<PathBuf>,
    /// The package is yet to be added to the dependencies.
    is_foreign: bool,
}

impl Site {
    fn help(&self, package: &str) -> String {
        let files: Vec<String> = self
            .files
            .iter()
            .map(|file| format!("`{}`", file.display()))
            .collect();
        let before = if self.is_foreign {
            format!("add `{package}` to the dependencies and ")
        } else {
            String::new()
        };
        format!(
            "{before}add `use {} as _;` to {}",
            self.name,
            files.join(" or ")
        )
    }
}

/// Every package that the images could have linked, and where it can be named: in an image that
/// depends on it, or else in the nearest library that does.
fn sites<'a>(build: &'a Build, graph: &Graph<'a>) -> HashMap<&'a PackageId, Site> {
    let mut sites: HashMap<&PackageId, Site> = HashMap::new();
    let mut reached = VecDeque::new();
    for image in &build.images {
        let file = relative_to_cwd(image.target.src_path.as_std_path());
        for (id, name) in graph.nameable_in(image) {
            let site = sites.entry(id).or_insert_with(|| {
                reached.push_back(id);
                Site {
                    name,
                    files: Vec::new(),
                    is_foreign: false,
                }
            });
            if !site.files.contains(&file) {
                site.files.push(file.clone());
            }
        }
    }
    while let Some(id) = reached.pop_front() {
        let (files, is_foreign) = match (graph.own_file(id), sites.get(id)) {
            (Some(file), _) => (vec![file], false),
            (None, Some(site)) => (site.files.clone(), true),
            (None, None) => continue,
        };
        for (dependency, name) in graph.dependencies(id, false) {
            if !sites.contains_key(dependency) {
                reached.push_back(dependency);
                sites.insert(
                    dependency,
                    Site {
                        name,
                        files: files.clone(),
                        is_foreign,
                    },
                );
            }
        }
    }
    sites
}
