//! The keys that targets add to the settings: their names, and tables that one target reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use machinist_core::problem::Problem;

use super::interface::Project;
use super::list::TARGETS;
use super::{cloud_settings, dstack, fal, knative, skypilot};
use crate::settings::{AppSettings, CargoToml, PackageSettings, Settings, TargetKeys};

/// Makes the keys of the targets and what they fill from one list: the target's name, which is the
/// table's, with its field of [`Project`] and its reader.
macro_rules! tables {
    ($($target:expr, $field:ident, $read:expr;)*) => {
        const KEYS: TargetKeys = TargetKeys {
            names: TARGETS,
            tables: &[$(($target, |reader, value| ($read)(reader, value).map(drop)),)*],
        };

        impl PackageSettings<'_> {
            /// What a target knows of a project with these apps: its own table, and no other
            /// target's. Binaries and the state's file are not set.
            ///
            /// ```
            /// use machinist_deploy::{CargoToml, Settings};
            ///
            /// let folder = tempfile::tempdir()?;
            /// let path = folder.path().join("Cargo.toml");
            /// let text = "[workspace.metadata.machinist.skypilot]\nregions.us-west = \"aws/us-west-2\"\n";
            /// std::fs::write(&path, text)?;
            /// let settings = Settings::read(&[CargoToml { path, package: None }], None).unwrap();
            /// let project = settings.of_package(None).project("skypilot", [].into());
            /// assert_eq!(project.skypilot.regions["us-west"], "aws/us-west-2");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn project(&self, target: &str, apps: BTreeMap<String, AppSettings>) -> Project {
                let mut project = Project {
                    binaries: Vec::new(),
                    apps,
                    $($field: Default::default(),)*
                    state_file: PathBuf::new(),
                    commit: None,
                    environment: self.environment().map(str::to_owned),
                    keys_of_environment: self.keys_of_environment(target),
                };
                $(if target == $target {
                    project.$field = self.target_table($target, $read).unwrap_or_default();
                })*
                project
            }
        }
    };
}

tables! {
    fal::NAME, fal, |reader, value| fal::settings::read(fal::NAME, reader, value);
    knative::NAME, knative, knative::settings::read;
    skypilot::NAME, skypilot, |reader, value| {
        cloud_settings::read(skypilot::NAME, skypilot::SPACE, reader, value)
    };
    dstack::NAME, dstack, |reader, value| {
        cloud_settings::read(dstack::NAME, dstack::SPACE, reader, value)
    };
}

impl Settings {
    /// Reads the settings of these files, for an environment of them or for none. What is set for
    /// the environment counts before what is set for all, and a package's settings count before the
    /// workspace's.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, a key or the environment is unknown, or a value is invalid, with
    /// its line.
    ///
    /// ```
    /// use machinist_deploy::{CargoToml, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// let text = "[workspace.metadata.machinist]\ntarget = \"file\"\nenv.prod.target = \"fal\"\n";
    /// std::fs::write(&path, text)?;
    /// let files = [CargoToml { path, package: None }];
    /// let target = |environment| {
    ///     let settings = Settings::read(&files, environment).unwrap();
    ///     settings.of_package(None).target().unwrap().to_owned()
    /// };
    /// assert_eq!((target(None), target(Some("prod"))), ("file".into(), "fal".into()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read(files: &[CargoToml], environment: Option<&str>) -> Result<Self, Problem> {
        Self::read_with(files, environment, &KEYS)
    }
}
