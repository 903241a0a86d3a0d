//! The keys that targets add to the settings: their names, and tables that one target reads.

use machinist_core::problem::Problem;

use super::knative;
use super::knative::settings::KnativeSettings;
use super::list::TARGETS;
use crate::settings::{CargoToml, Settings, TargetKeys};

const KEYS: TargetKeys = TargetKeys {
    names: TARGETS,
    tables: &[(knative::settings::KEY, |reader, value| {
        knative::settings::read(reader, value).map(drop)
    })],
};

impl Settings {
    /// Reads the settings of these files. A package's settings override the workspace's.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, a key is unknown or a value is invalid, with its line.
    ///
    /// ```
    /// use machinist_deploy::{CargoToml, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[workspace.metadata.machinist]\ntarget = \"fal\"\n")?;
    /// let settings = Settings::read(&[CargoToml { path, package: None }]).unwrap();
    /// assert_eq!(settings.target().unwrap(), Some("fal"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read(files: &[CargoToml]) -> Result<Self, Problem> {
        Self::read_with(files, &KEYS)
    }

    /// The settings of Knative.
    ///
    /// # Errors
    ///
    /// When two packages set different values.
    pub fn knative(&self) -> Result<KnativeSettings, Problem> {
        let set = self.target_table(knative::settings::KEY, knative::settings::read)?;
        Ok(set.unwrap_or_default())
    }
}
