//! The keys that targets add to the settings: their names, and tables that one target reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use machinist_core::problem::Problem;

use super::interface::Project;
use super::list::TARGETS;
use super::{dstack, knative, region_names, skypilot};
use crate::settings::{AppSettings, CargoToml, Settings, TargetKeys};

/// Makes the keys of the targets and what they fill from one list: each table with its field of
/// [`Project`] and its reader.
macro_rules! tables {
    ($($key:expr, $field:ident, $read:expr;)*) => {
        const KEYS: TargetKeys = TargetKeys {
            names: TARGETS,
            tables: &[$(($key, |reader, value| ($read)(reader, value).map(drop)),)*],
        };

        impl Settings {
            /// What targets know of a project with these apps: the tables of all targets. Binaries
            /// and the state's file are not set.
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
            /// let project = settings.project([].into()).unwrap();
            /// assert_eq!(project.skypilot_regions["us-west"], "aws/us-west-2");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn project(&self, apps: BTreeMap<String, AppSettings>) -> Result<Project, Problem> {
                Ok(Project {
                    binaries: Vec::new(),
                    apps,
                    $($field: self.target_table($key, $read)?.unwrap_or_default(),)*
                    state_file: PathBuf::new(),
                    commit: None,
                })
            }
        }
    };
}

tables! {
    knative::settings::KEY, knative, knative::settings::read;
    skypilot::NAME, skypilot_regions, |reader, value| {
        region_names::read_table(skypilot::NAME, reader, value)
    };
    dstack::NAME, dstack_regions, |reader, value| {
        region_names::read_table(dstack::NAME, reader, value)
    };
}

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
}
