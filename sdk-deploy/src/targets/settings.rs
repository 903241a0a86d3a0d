//! The keys that targets add to the settings: their names, and tables that one target reads.

use machinist_core::problem::Problem;

use super::knative::settings::KnativeSettings;
use super::list::TARGETS;
use super::region_names::{self, RegionNames};
use super::{dstack, knative, skypilot};
use crate::settings::{CargoToml, Settings, TargetKeys};

const KEYS: TargetKeys = TargetKeys {
    names: TARGETS,
    tables: &[
        (knative::settings::KEY, |reader, value| {
            knative::settings::read(reader, value).map(drop)
        }),
        (skypilot::NAME, |reader, value| {
            region_names::read_table(skypilot::NAME, reader, value).map(drop)
        }),
        (dstack::NAME, |reader, value| {
            region_names::read_table(dstack::NAME, reader, value).map(drop)
        }),
    ],
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

    /// SkyPilot's names of regions: the table `skypilot.regions`.
    ///
    /// # Errors
    ///
    /// When two packages set different values.
    ///
    /// ```
    /// use machinist_deploy::{CargoToml, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// let text = "[workspace.metadata.machinist.skypilot]\nregions.us-west = \"aws/us-west-2\"\n";
    /// std::fs::write(&path, text)?;
    /// let settings = Settings::read(&[CargoToml { path, package: None }]).unwrap();
    /// assert_eq!(settings.skypilot_regions().unwrap()["us-west"], "aws/us-west-2");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn skypilot_regions(&self) -> Result<RegionNames, Problem> {
        let set = self.target_table(skypilot::NAME, |reader, value| {
            region_names::read_table(skypilot::NAME, reader, value)
        })?;
        Ok(set.unwrap_or_default())
    }

    /// dstack's names of regions: the table `dstack.regions`.
    ///
    /// # Errors
    ///
    /// When two packages set different values.
    pub fn dstack_regions(&self) -> Result<RegionNames, Problem> {
        let set = self.target_table(dstack::NAME, |reader, value| {
            region_names::read_table(dstack::NAME, reader, value)
        })?;
        Ok(set.unwrap_or_default())
    }
}
