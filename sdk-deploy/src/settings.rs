//! The project's settings: `[workspace.metadata.machinist]` and `[package.metadata.machinist]` of
//! its Cargo.toml files.

mod app;
mod bindings;
mod cargo_toml;
mod package;
pub(crate) mod reader;
mod scaling;
mod table;

use std::collections::BTreeSet;

use machinist_core::problem::Problem;
use machinist_core::text::visible;

pub use app::{AppSettings, check_image_name};
pub use cargo_toml::CargoToml;
pub use package::{PackageSettings, file_of_environment};
pub use scaling::FirstScaling;
pub(crate) use table::TargetKeys;
use table::{ENV, Table};

/// The settings of a project, for one of its environments or for none.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Those of the environment first, and of these the packages' first.
    tables: Vec<Table>,
    environment: Option<String>,
}

impl Settings {
    /// Reads the settings of these files for an environment, with the keys of these targets. What
    /// is wrong with another environment is an error too.
    pub(crate) fn read_with(
        files: &[CargoToml],
        environment: Option<&str>,
        targets: &TargetKeys,
    ) -> Result<Self, Problem> {
        let mut tables = Vec::new();
        for file in files {
            tables.extend(Table::read_all(file, targets)?);
        }
        let environments = tables.iter().filter_map(|table| table.environment.clone());
        let environments: BTreeSet<String> = environments.collect();
        if let Some(name) = environment {
            check_known(name, &environments)?;
        }
        tables.retain(|table| {
            table.environment.is_none() || table.environment.as_deref() == environment
        });
        tables.sort_by_key(|table| (table.environment.is_none(), table.package.is_none()));
        Ok(Self {
            tables,
            environment: environment.map(str::to_owned),
        })
    }

    /// The environment that they are for.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// The packages that have settings of their own.
    pub fn packages(&self) -> BTreeSet<&str> {
        let packages = self
            .tables
            .iter()
            .filter_map(|table| table.package.as_deref());
        packages.collect()
    }

    /// What is set once for all apps of a package; without one for those of packages that have no
    /// settings of their own.
    ///
    /// ```
    /// use machinist_deploy::{CargoToml, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[package.metadata.machinist]\ntarget = \"fal\"\n")?;
    /// let toml = CargoToml { path, package: Some("llm".into()) };
    /// let settings = Settings::read(&[toml], None).unwrap();
    /// assert_eq!(settings.of_package(Some("llm")).target(), Some("fal"));
    /// assert_eq!(settings.of_package(Some("other")).target(), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of_package(&self, package: Option<&str>) -> PackageSettings<'_> {
        let is_own =
            |table: &&Table| table.package.is_none() || table.package.as_deref() == package;
        PackageSettings::new(self.tables.iter().filter(is_own), self.environment())
    }

    /// The settings of an app of this package: each key from the nearest table that has it. If the
    /// package is not known, the tables of all packages count.
    ///
    /// ```
    /// use machinist_deploy::{CargoToml, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[package.metadata.machinist]\nimage = \"acme/llm:v1\"\n")?;
    /// let toml = CargoToml { path, package: Some("llm".into()) };
    /// let settings = Settings::read(&[toml], None).unwrap();
    /// assert_eq!(settings.for_app("llm", Some("llm")).image.as_deref(), Some("acme/llm:v1"));
    /// assert_eq!(settings.for_app("llm", Some("other")).image, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn for_app(&self, app: &str, package: Option<&str>) -> AppSettings {
        let tables = || {
            let is_near = |table: &&Table| match (&table.package, package) {
                (Some(own), Some(package)) => own == package,
                _ => true,
            };
            self.tables.iter().filter(is_near)
        };
        let of_app = tables().filter_map(|table| table.apps.get(app));
        let of_all = tables().map(|table| &table.all);
        let nearest: Vec<_> = of_app.chain(of_all).collect();
        AppSettings::first_of(&nearest)
    }

    /// The names of the apps in the settings, each with the package whose settings they are.
    pub fn apps(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.tables.iter().flat_map(|table| {
            let package = table.package.as_deref();
            let apps = table.apps.keys();
            apps.map(move |app| (app.as_str(), package))
        })
    }
}

/// The names of the environments that these files have. For completion: a file that cannot be read
/// has none.
///
/// ```
/// use machinist_deploy::{CargoToml, environment_names};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("Cargo.toml");
/// std::fs::write(&path, "[workspace.metadata.machinist.env.prod]\nfeatures = [\"prod\"]\n")?;
/// let file = CargoToml { path, package: None };
/// assert_eq!(environment_names(&[file]), ["prod"]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn environment_names(files: &[CargoToml]) -> Vec<String> {
    let names = files.iter().filter_map(table::environment_names);
    let names: BTreeSet<String> = names.flatten().collect();
    names.into_iter().collect()
}

/// Checks that the settings have an environment.
fn check_known(name: &str, environments: &BTreeSet<String>) -> Result<(), Problem> {
    if environments.contains(name) {
        return Ok(());
    }
    let known: Vec<&str> = environments.iter().map(String::as_str).collect();
    let problem = Problem::new(format!("unknown environment `{}`", visible(name)));
    Err(match known.is_empty() {
        true => problem.help(format!(
            "the settings have no environment: write `[workspace.metadata.machinist.{ENV}.NAME]` \
             with what is different there"
        )),
        false => problem.suggest("environment", name, &known),
    })
}
