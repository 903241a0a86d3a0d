//! The manifest: all apps of a build, with their parameters in the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use machinist_core::parameter::{Group, Key};
use machinist_core::problem::Problem;
use machinist_core::text::visible;
use machinist_core::{json, name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::machines::{self, CustomMachine};
use crate::parameters::Parameters;
use crate::read::{self, ReadError};
use crate::requirements::Requirements;
use crate::schema;

/// The version of the manifest that this crate writes, and the newest that it reads.
pub const MANIFEST_VERSION: u32 = 1;

/// All apps of a build, with their parameters in the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    #[schemars(extend("const" = MANIFEST_VERSION))]
    pub manifest_version: u32,
    /// The apps by name.
    pub apps: Vec<App>,
}

/// An app, with its parameters in the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct App {
    /// Its name, a DNS label.
    #[schemars(length(min = 1, max = 63), pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The first paragraph of its documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The package of its code.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// The names of the binaries that link it; a running program does not know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Where it is defined.
    pub source: Source,
    /// The code parameters: reset on every deploy.
    #[schemars(schema_with = "schema::code")]
    pub code: Parameters,
    /// The scaling parameters of the first deploy.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    #[schemars(schema_with = "schema::scaling")]
    pub scaling: Parameters,
    /// What it requires of its machine and of its deploy.
    #[serde(default, skip_serializing_if = "Requirements::is_empty")]
    #[schemars(schema_with = "schema::requires")]
    pub requires: Requirements,
    /// Its custom machine types.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "machines")]
    #[schemars(schema_with = "machines::schema")]
    pub machines: Vec<CustomMachine>,
}

/// The JSON Schema (draft 2020-12) of the manifest.
///
/// ```
/// let schema = machinist_deploy::manifest_schema();
/// assert_eq!(schema["title"], "Manifest");
/// ```
pub fn manifest_schema() -> Value {
    schemars::schema_for!(Manifest).into()
}

/// Where an app is defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Source {
    /// The file, relative to the package's folder.
    pub file: String,
    /// The line of the attribute, from 1; 0 if the compiler did not give it.
    pub line: u32,
    /// The name of the item.
    pub item: String,
}

/// A linked file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// Its name in the manifest.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Why there is no manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record's payload is not an app.
    #[error("`{}` has a record at offset {offset} that is not an app: {reason}", path.display())]
    NotAnApp {
        /// The file.
        path: PathBuf,
        /// Where the record starts.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Two apps have the same name.
    #[error("two apps are named `{name}`: {first} and {second}")]
    SameName {
        /// The name.
        name: String,
        /// Where the first one is defined.
        first: String,
        /// Where the second one is defined.
        second: String,
    },
    /// An app differs between binaries.
    #[error("the app `{name}` at {place} is not the same in `{first}` and `{second}`")]
    Differs {
        /// The name.
        name: String,
        /// Where it is written.
        place: String,
        /// A binary.
        first: String,
        /// Another one.
        second: String,
    },
    /// A text is not a manifest.
    #[error("this is not a manifest: {0}")]
    NotAManifest(String),
    /// A manifest has a newer version.
    #[error("the manifest has version {0}, and the newest known here is {MANIFEST_VERSION}")]
    NewerVersion(u64),
}

impl ManifestError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Read(error) => error.fault.help(),
            Self::NotAnApp { .. } => Some("build the binary again"),
            Self::SameName { .. } => Some("give one of them another name with `name = \"...\"`"),
            Self::Differs { .. } => {
                Some("build all binaries together, with the same features and from the same code")
            }
            Self::NotAManifest(_) => Some("write it with `cargo machinist manifest -o FILE`"),
            Self::NewerVersion(_) => Some("upgrade with `cargo install cargo-machinist`"),
        }
    }
}

impl From<ManifestError> for Problem {
    fn from(error: ManifestError) -> Self {
        Self {
            help: error.help().map(Into::into),
            ..Self::new(error.to_string())
        }
    }
}

impl Manifest {
    /// Reads the manifest of all apps in these binaries. An app that several of them link is one
    /// app that names them all.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, a record is not an app, or two apps have the same name.
    ///
    /// ```
    /// use machinist_deploy::{Binary, Manifest};
    ///
    /// let me = Binary { name: "me".into(), path: std::env::current_exe().unwrap() };
    /// assert!(Manifest::read(&[me]).unwrap().apps.is_empty());
    /// ```
    pub fn read(binaries: &[Binary]) -> Result<Self, ManifestError> {
        let mut apps: BTreeMap<String, App> = BTreeMap::new();
        for binary in binaries {
            for mut app in read_binary(binary)? {
                match apps.get_mut(&app.name) {
                    None => {
                        app.binaries.push(binary.name.clone());
                        apps.insert(app.name.clone(), app);
                    }
                    Some(known) => merge(known, &app, binary)?,
                }
            }
        }
        let mut apps: Vec<App> = apps.into_values().collect();
        for app in &mut apps {
            app.binaries.sort();
            app.binaries.dedup();
        }
        Ok(Self {
            manifest_version: MANIFEST_VERSION,
            apps,
        })
    }

    /// Reads a written manifest.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with line and column, and a newer version.
    ///
    /// ```
    /// use machinist_deploy::Manifest;
    ///
    /// let manifest = Manifest::parse(r#"{"manifest_version": 1, "apps": []}"#).unwrap();
    /// assert!(manifest.apps.is_empty());
    /// ```
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let not_a_manifest =
            |error: serde_json::Error| ManifestError::NotAManifest(error.to_string());
        let any: Value = serde_json::from_str(text).map_err(not_a_manifest)?;
        match any["manifest_version"].as_u64() {
            Some(version) if version > MANIFEST_VERSION.into() => {
                return Err(ManifestError::NewerVersion(version));
            }
            _ => {}
        }
        let manifest: Self = serde_json::from_str(text).map_err(not_a_manifest)?;
        let mut names = BTreeSet::new();
        for app in &manifest.apps {
            check(app).map_err(ManifestError::NotAManifest)?;
            if !names.insert(&app.name) {
                let reason = format!("two apps are named `{}`", app.name);
                return Err(ManifestError::NotAManifest(reason));
            }
        }
        Ok(manifest)
    }

    /// The manifest as it is written: indented JSON with a newline at its end, always the same
    /// bytes for the same apps.
    ///
    /// ```
    /// use machinist_deploy::Manifest;
    ///
    /// let text = "{\n  \"manifest_version\": 1,\n  \"apps\": []\n}\n";
    /// assert_eq!(Manifest::parse(text).unwrap().to_json(), text);
    /// ```
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys: this serialization cannot fail.
        let compact = serde_json::to_string(self).unwrap_or_default();
        json::indent(&compact) + "\n"
    }
}

/// The apps of one binary. The same record in two architectures of a fat file is one app.
fn read_binary(binary: &Binary) -> Result<Vec<App>, ManifestError> {
    let mut seen = BTreeSet::new();
    let mut apps = Vec::new();
    for record in read::records(&binary.path)? {
        let app = parse_app(&record.payload).map_err(|reason| ManifestError::NotAnApp {
            path: binary.path.clone(),
            offset: record.offset,
            reason,
        })?;
        if seen.insert(record.payload) {
            apps.push(app);
        }
    }
    Ok(apps)
}

/// An app from a record's payload. Unknown keys are of a later version and ignored.
pub(crate) fn parse_app(payload: &str) -> Result<App, String> {
    let app: App = serde_json::from_str(payload).map_err(|error| error.to_string())?;
    check(&app)?;
    Ok(app)
}

fn merge(known: &mut App, app: &App, binary: &Binary) -> Result<(), ManifestError> {
    let is_same = App {
        binaries: Vec::new(),
        ..known.clone()
    } == *app;
    if is_same {
        known.binaries.push(binary.name.clone());
        return Ok(());
    }
    let is_one_app = (&known.package, &known.source) == (&app.package, &app.source);
    let first = known.binaries.first().cloned().unwrap_or_default();
    if is_one_app && first != binary.name {
        return Err(ManifestError::Differs {
            name: app.name.clone(),
            place: source_place(app),
            first,
            second: binary.name.clone(),
        });
    }
    Err(ManifestError::SameName {
        name: app.name.clone(),
        first: format!("{} in `{first}`", source_place(known)),
        second: format!("{} in `{}`", source_place(app), binary.name),
    })
}

fn source_place(app: &App) -> String {
    let Source { file, line, item } = &app.source;
    format!("`{item}` at {file}:{line} of the package `{}`", app.package)
}

/// Repeats the checks of the macro, because a binary is not trusted.
fn check(app: &App) -> Result<(), String> {
    if !name::is_dns_label(&app.name) {
        return Err(format!(
            "its name `{}` is not a DNS label",
            visible(&app.name)
        ));
    }
    if !app.code.contains(Key::MachineType) {
        let key = Key::MachineType.as_str();
        return Err(format!("`{}` has no `{key}`", app.name));
    }
    for (parameters, group) in [(&app.code, Group::Code), (&app.scaling, Group::Scaling)] {
        let mut keys = parameters.iter().map(|(key, _)| key);
        if let Some(key) = keys.find(|key| key.parameter().group != group) {
            let key = key.as_str();
            return Err(format!("`{}`: `{key}` is in the wrong group", app.name));
        }
    }
    let wrong = |problem: Problem| format!("`{}`: {}", app.name, problem.message);
    app.code.check().map_err(wrong)?;
    app.scaling.check().map_err(wrong)?;
    app.machines
        .iter()
        .try_for_each(CustomMachine::check_names)
        .map_err(wrong)
}
