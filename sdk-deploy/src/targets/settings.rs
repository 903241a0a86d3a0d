//! What targets bring to the settings: their names, and the tables that one of them reads.

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
    /// Reads the settings of these files. Those of packages are stronger than the workspace's.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, an unknown key, a value that makes no sense: with its line.
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

    /// What the cluster has its own names for.
    ///
    /// # Errors
    ///
    /// When two packages say different things.
    pub fn knative(&self) -> Result<KnativeSettings, Problem> {
        let set = self.target_table(knative::settings::KEY, knative::settings::read)?;
        Ok(set.unwrap_or_default())
    }
}
