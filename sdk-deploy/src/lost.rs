//! Apps that were compiled but not linked.
//!
//! The linker leaves out a library that no code names, with all its apps. The library's own file
//! still has their records. Apps that are only there were lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use machinist_core::problem::Problem;

use crate::app_plan::{Action, AppPlan, Plan};
use crate::manifest::{App, Manifest, ManifestError, parse_app};
use crate::read::{ReadError, Record, records, scan};

/// Why the apps of a crate can be missing from every binary.
pub const WHY_LOST: &str = "a dependency that no code names is not linked";

/// A Rust library that was built for the binaries.
#[derive(Clone, Debug)]
pub struct Library {
    /// The name of its crate, as code writes it.
    pub crate_name: String,
    /// Its `.rlib`.
    pub path: PathBuf,
}

/// A crate whose apps are in no binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostCrate {
    /// Its package.
    pub package: String,
    /// Its name, as code writes it.
    pub crate_name: String,
    /// The names of its apps that were lost.
    pub apps: Vec<String>,
}

impl LostCrate {
    /// The problem with a plan that deletes an app of this crate: the app is still in the code, so
    /// nobody asked for its deletion.
    ///
    /// ```
    /// use machinist_deploy::{LostCrate, Plan};
    ///
    /// let lost = LostCrate {
    ///     package: "my-apps".into(),
    ///     crate_name: "my_apps".into(),
    ///     apps: vec!["llm".into()],
    /// };
    /// let deletes_nothing = Plan::default();
    /// assert_eq!(lost.deleted_by(&deletes_nothing), None);
    /// ```
    #[must_use]
    pub fn deleted_by(&self, plan: &Plan) -> Option<Problem> {
        let is_deleted = |app: &&AppPlan| app.action == Action::Delete;
        let mut deleted = plan.apps.iter().filter(is_deleted);
        let app =
            deleted.find(|app| self.package == app.package && self.apps.contains(&app.name))?;
        Some(Problem::new(format!(
            "`{}` is not deleted: it is in the code, but it was not linked",
            app.name
        )))
    }
}

/// Compares the libraries of a build with what was linked.
///
/// # Errors
///
/// When a library cannot be read.
///
/// ```
/// use machinist_deploy::{Manifest, lost};
///
/// let manifest = Manifest::parse(r#"{"manifest_version": 1, "apps": []}"#)?;
/// assert!(lost(&[], &manifest)?.is_empty());
/// # Ok::<(), machinist_deploy::ManifestError>(())
/// ```
pub fn lost(libraries: &[Library], manifest: &Manifest) -> Result<Vec<LostCrate>, ManifestError> {
    let linked = manifest.apps.iter();
    let linked: BTreeSet<(&str, &str)> = linked.map(|app| (&*app.name, &*app.package)).collect();
    let mut lost = Vec::new();
    for library in libraries {
        let mut crate_lost = LostCrate {
            package: String::new(),
            crate_name: library.crate_name.clone(),
            apps: Vec::new(),
        };
        for app in apps_of_library(library)? {
            if !linked.contains(&(&*app.name, &*app.package)) {
                crate_lost.package = app.package;
                crate_lost.apps.push(app.name);
            }
        }
        if !crate_lost.apps.is_empty() {
            lost.push(crate_lost);
        }
    }
    Ok(lost)
}

fn apps_of_library(library: &Library) -> Result<Vec<App>, ManifestError> {
    // Each app once, with its first place.
    let mut payloads = BTreeMap::new();
    for Record { payload, offset } in library_records(library)? {
        let first = payloads.entry(payload).or_insert(offset);
        *first = offset.min(*first);
    }
    let mut apps: Vec<App> = Vec::new();
    for (payload, offset) in payloads {
        let path = library.path.clone();
        let not_an_app = |reason| ManifestError::NotAnApp {
            path,
            offset,
            reason,
        };
        apps.push(parse_app(&payload).map_err(not_an_app)?);
    }
    apps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(apps)
}

/// The records of a library's object files or, where link-time optimisation left no object files,
/// those in its bitcode.
fn library_records(library: &Library) -> Result<Vec<Record>, ReadError> {
    let in_objects = records(&library.path)?;
    if in_objects.is_empty() {
        scan(&library.path)
    } else {
        Ok(in_objects)
    }
}
