//! What is set once for all apps of a package.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;
use toml::de::{DeTable, DeValue};

use super::reader::{Item, Reader};
use super::table::Table;
use crate::limits::Limits;
use crate::state_location::StateSetting;

/// What is set once for all apps of a package, each key from the nearest table that has it.
#[derive(Clone, Debug)]
pub struct PackageSettings<'a> {
    /// Nearest first.
    tables: Vec<&'a Table>,
    environment: Option<&'a str>,
}

impl<'a> PackageSettings<'a> {
    pub(super) fn new(
        tables: impl Iterator<Item = &'a Table>,
        environment: Option<&'a str>,
    ) -> Self {
        Self {
            tables: tables.collect(),
            environment,
        }
    }

    fn nearest<T>(&self, value: impl Fn(&'a Table) -> Option<T>) -> Option<T> {
        self.tables.iter().copied().find_map(value)
    }

    /// The environment that they are for.
    pub fn environment(&self) -> Option<&'a str> {
        self.environment
    }

    /// The target, if one is set.
    pub fn target(&self) -> Option<&'a str> {
        self.nearest(|table| table.target.as_deref())
    }

    /// Where the state is: where that is not set, in the file `default`. Each environment has a file
    /// of its own: the name of a file for all of them gets the environment's.
    ///
    /// ```
    /// use std::path::Path;
    /// use machinist_deploy::{CargoToml, Settings, StateSetting};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[workspace.metadata.machinist.env.prod]\ntarget = \"fal\"\n")?;
    /// let settings = Settings::read(&[CargoToml { path, package: None }], Some("prod")).unwrap();
    /// let state = settings.of_package(None).state(Path::new("machinist-state.json"));
    /// assert_eq!(state, StateSetting::File("machinist-state.prod.json".into()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn state(&self, default: &Path) -> StateSetting {
        let set = self.nearest(|table| Some((table.state.clone()?, table.environment.is_some())));
        let default = || (StateSetting::File(default.to_owned()), false);
        match (set.unwrap_or_else(default), self.environment) {
            ((StateSetting::File(file), false), Some(name)) => {
                StateSetting::File(file_of_environment(&file, name))
            }
            ((setting, _), _) => setting,
        }
    }

    /// The features of cargo's build.
    pub fn features(&self) -> &'a [String] {
        let features = self.nearest(|table| table.features.as_deref());
        features.unwrap_or_default()
    }

    /// The profile of cargo's build, if one is set.
    pub fn profile(&self) -> Option<&'a str> {
        self.nearest(|table| table.profile.as_deref())
    }

    /// How long the platform's tool may take; each limit is a second to a week.
    ///
    /// ```
    /// use std::time::Duration;
    /// use machinist_deploy::{CargoToml, Limits, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[workspace.metadata.machinist]\nrun_timeout = \"90m\"\n")?;
    /// let settings = Settings::read(&[CargoToml { path, package: None }], None).unwrap();
    /// let run = Duration::from_secs(5_400);
    /// assert_eq!(settings.of_package(None).limits(), Limits { run, ..Limits::default() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            answer: self
                .nearest(|table| table.answer_timeout)
                .unwrap_or(default.answer),
            run: self
                .nearest(|table| table.run_timeout)
                .unwrap_or(default.run),
        }
    }

    /// The keys of a target's table that are set for the environment.
    pub(crate) fn keys_of_environment(&self, target: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for table in self.tables.iter().filter(|it| it.environment.is_some()) {
            let value = table.keys().and_then(|mut keys| keys.remove(target));
            let value = value.as_ref().and_then(|value| value.get_ref().as_table());
            let names = value.into_iter().flatten().map(|(key, _)| key.get_ref());
            keys.extend(names.map(|name| name.to_string()));
        }
        keys
    }

    /// A table that one target reads: each key of it from the nearest table that has it.
    pub(crate) fn target_table<T>(
        &self,
        key: &'static str,
        read: fn(&Reader, &Item<'_>) -> Result<T, Problem>,
    ) -> Option<T> {
        let mut merged: Option<Item<'a>> = None;
        for table in &self.tables {
            let Some(value) = table.keys().and_then(|mut keys| keys.remove(key)) else {
                continue;
            };
            match &mut merged {
                Some(merged) => add_missing(merged, value),
                None => merged = Some(value),
            }
        }
        let reader = &self.tables.first()?.reader;
        // Errors were reported when the files were read.
        read(reader, &merged?).ok()
    }
}

/// Adds the keys of a farther table that a nearer one does not have.
fn add_missing<'t>(near: &mut Item<'t>, far: Item<'t>) {
    let (DeValue::Table(near), DeValue::Table(far)) = (near.get_mut(), far.into_inner()) else {
        return;
    };
    for (key, value) in far {
        match near.get_mut(&*key.get_ref().clone()) {
            Some(near) => add_missing(near, value),
            None => drop(DeTable::insert(near, key, value)),
        }
    }
}

/// The file of a state for an environment: with the environment's name in its own.
///
/// ```
/// use std::path::Path;
/// use machinist_deploy::file_of_environment;
///
/// let file = file_of_environment(Path::new("deploy/state.json"), "prod");
/// assert_eq!(file, Path::new("deploy/state.prod.json"));
/// ```
pub fn file_of_environment(file: &Path, environment: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = match name.strip_suffix(".json") {
        Some(stem) => format!("{stem}.{environment}.json"),
        None => format!("{name}.{environment}"),
    };
    file.with_file_name(name)
}
