//! The project's settings: `[workspace.metadata.machinist]` and `[package.metadata.machinist]` of
//! its Cargo.toml files.

mod app;
pub(crate) mod reader;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use machinist_core::name;
use machinist_core::problem::{self, Problem};
use machinist_core::text::visible;

pub use app::AppSettings;
use reader::{Item, Reader};

use crate::limits::{ANSWER_TIMEOUT, Limits, RUN_TIMEOUT};
use crate::state_location::StateSetting;

const TARGET: &str = "target";
const STATE: &str = "state";
const APPS: &str = "apps";

/// A Cargo.toml that may have settings.
#[derive(Clone, Debug)]
pub struct CargoToml {
    /// Where it is.
    pub path: PathBuf,
    /// Its package; `None` for a workspace's file.
    pub package: Option<String>,
}

/// The settings of a project.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    tables: Vec<Table>,
}

/// The settings of one Cargo.toml.
#[derive(Clone, Debug)]
struct Table {
    reader: Reader,
    package: Option<String>,
    target: Option<String>,
    state: Option<StateSetting>,
    answer_timeout: Option<Duration>,
    run_timeout: Option<Duration>,
    all: AppSettings,
    apps: BTreeMap<String, AppSettings>,
}

/// The keys that targets add to the settings.
pub(crate) struct TargetKeys {
    /// The names of targets.
    pub(crate) names: &'static [&'static str],
    /// The keys of tables that one target reads, each with its check.
    pub(crate) tables: &'static [(&'static str, CheckTable)],
}

/// Checks a table of a target.
pub(crate) type CheckTable = fn(&Reader, &Item<'_>) -> Result<(), Problem>;

impl Settings {
    /// Reads the settings of these files, with the keys of these targets.
    pub(crate) fn read_with(files: &[CargoToml], targets: &TargetKeys) -> Result<Self, Problem> {
        let mut tables = Vec::new();
        for file in files {
            tables.extend(Table::read(file, targets)?);
        }
        Ok(Self { tables })
    }

    /// The target, if one is set.
    ///
    /// # Errors
    ///
    /// When two packages set different values.
    pub fn target(&self) -> Result<Option<&str>, Problem> {
        self.set_once(TARGET, |table| table.target.as_deref())
    }

    /// Where the state is, if that is set.
    ///
    /// # Errors
    ///
    /// When two packages say different things.
    pub fn state(&self) -> Result<Option<&StateSetting>, Problem> {
        self.set_once(STATE, |table| table.state.as_ref())
    }

    /// How long the platform's tool may take; each limit is a second to a week.
    ///
    /// # Errors
    ///
    /// When two packages set different values.
    ///
    /// ```
    /// use std::time::Duration;
    /// use machinist_deploy::{CargoToml, Limits, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[workspace.metadata.machinist]\nrun_timeout = \"90m\"\n")?;
    /// let settings = Settings::read(&[CargoToml { path, package: None }]).unwrap();
    /// let run = Duration::from_secs(5_400);
    /// assert_eq!(settings.limits().unwrap(), Limits { run, ..Limits::default() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn limits(&self) -> Result<Limits, Problem> {
        let answer = self.set_once(ANSWER_TIMEOUT, |table| table.answer_timeout.as_ref())?;
        let run = self.set_once(RUN_TIMEOUT, |table| table.run_timeout.as_ref())?;
        let default = Limits::default();
        Ok(Limits {
            answer: *answer.unwrap_or(&default.answer),
            run: *run.unwrap_or(&default.run),
        })
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
    /// let settings = Settings::read(&[CargoToml { path, package: Some("llm".into()) }]).unwrap();
    /// assert_eq!(settings.for_app("llm", Some("llm")).image.as_deref(), Some("acme/llm:v1"));
    /// assert_eq!(settings.for_app("llm", Some("other")).image, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn for_app(&self, app: &str, package: Option<&str>) -> AppSettings {
        let is_own = |table: &&Table| match (&table.package, package) {
            (Some(own), Some(package)) => own == package,
            (own, _) => own.is_some(),
        };
        let own_app = self.tables.iter().filter(is_own);
        let own_app = own_app.filter_map(|table| table.apps.get(app));
        let of_workspace = |table: &&Table| table.package.is_none();
        let workspace_app = self.tables.iter().filter(of_workspace);
        let workspace_app = workspace_app.filter_map(|table| table.apps.get(app));
        let own_all = self.tables.iter().filter(is_own).map(|table| &table.all);
        let workspace = self.tables.iter().filter(of_workspace);
        let all = workspace.map(|table| &table.all);
        let app_first = own_app.chain(workspace_app);
        let nearest: Vec<_> = app_first.chain(own_all).chain(all).collect();
        AppSettings::first_of(&nearest)
    }

    /// The names of the apps in the settings.
    pub fn apps(&self) -> impl Iterator<Item = &str> {
        let apps = self.tables.iter().flat_map(|table| table.apps.keys());
        apps.map(String::as_str)
    }

    /// A table that one target reads.
    pub(crate) fn target_table<T: PartialEq>(
        &self,
        key: &'static str,
        read: fn(&Reader, &Item<'_>) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        // Errors were reported when the file was read.
        self.set_once(key, |table| {
            let keys = table.reader.document(&section(table.package.is_some()));
            let value = keys.ok()??.remove(key)?;
            read(&table.reader, &value).ok()
        })
    }

    /// A value that is set once for a whole deploy.
    fn set_once<'a, T: PartialEq>(
        &'a self,
        key: &str,
        value: impl Fn(&'a Table) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let workspace = self.tables.iter().filter(|table| table.package.is_none());
        if let Some(value) = workspace.filter_map(&value).next() {
            return Ok(Some(value));
        }
        let mut set = self.tables.iter().filter(|table| value(table).is_some());
        let Some(first) = set.next() else {
            return Ok(None);
        };
        match set.find(|other| value(other) != value(first)) {
            Some(other) => Err(Problem::new(format!(
                "`{}` and `{}` set a different `{key}`",
                first.reader.file().display(),
                other.reader.file().display()
            ))
            .help("set it once, in `[workspace.metadata.machinist]`")),
            None => Ok(value(first)),
        }
    }
}

/// The keys that lead to the settings in a Cargo.toml.
fn section(is_package: bool) -> [&'static str; 3] {
    let section = match is_package {
        true => "package",
        false => "workspace",
    };
    [section, "metadata", "machinist"]
}

impl Table {
    fn read(file: &CargoToml, targets: &TargetKeys) -> Result<Option<Self>, Problem> {
        let reader = Reader::open(&file.path)?;
        let Some(keys) = reader.document(&section(file.package.is_some()))? else {
            return Ok(None);
        };
        let mut table = Self {
            reader: reader.clone(),
            package: file.package.clone(),
            target: None,
            state: None,
            answer_timeout: None,
            run_timeout: None,
            all: AppSettings::default(),
            apps: BTreeMap::new(),
        };
        for (key, value) in &keys {
            let text = &**key.get_ref();
            if !table.read_key(text, value, targets)? {
                let own = [TARGET, STATE, ANSWER_TIMEOUT, RUN_TIMEOUT];
                let tables = targets.tables.iter().map(|(key, _)| *key);
                let known = own.into_iter().chain(app::KEYS.iter().copied());
                let known: Vec<&str> = known.chain([APPS]).chain(tables).collect();
                return Err(reader.unknown_key(key, &known));
            }
        }
        Ok(Some(table))
    }

    /// Takes a key, if it is known.
    fn read_key(
        &mut self,
        key: &str,
        value: &Item<'_>,
        targets: &TargetKeys,
    ) -> Result<bool, Problem> {
        let reader = &self.reader;
        match key {
            TARGET => {
                let target = reader.text(TARGET, value)?;
                if !targets.names.contains(&target) {
                    let problem = problem::unknown("target", target, targets.names);
                    return Err(reader.at(value, problem));
                }
                self.target = Some(target.into());
            }
            STATE => {
                let setting = StateSetting::parse(reader.text(STATE, value)?);
                self.state = Some(match setting {
                    StateSetting::File(_) => StateSetting::File(reader.path(STATE, value)?),
                    git => git,
                });
            }
            ANSWER_TIMEOUT => self.answer_timeout = Some(reader.duration(ANSWER_TIMEOUT, value)?),
            RUN_TIMEOUT => self.run_timeout = Some(reader.duration(RUN_TIMEOUT, value)?),
            APPS => self.apps = apps(reader, value)?,
            key => match targets.tables.iter().find(|(known, _)| *known == key) {
                Some((_, check)) => check(reader, value)?,
                None => return self.all.read_key(reader, key, value),
            },
        }
        Ok(true)
    }
}

fn apps(reader: &Reader, value: &Item<'_>) -> Result<BTreeMap<String, AppSettings>, Problem> {
    let Some(table) = value.get_ref().as_table() else {
        let problem = Problem::new(format!("`{APPS}` takes a table of apps"));
        return Err(reader.at(
            value,
            problem.help("write `[….apps.NAME]` with the app's name"),
        ));
    };
    let mut apps = BTreeMap::new();
    for (app, value) in table {
        let app_name = app.get_ref();
        if !name::is_dns_label(app_name) {
            let problem = Problem::new(format!("invalid app name `{}`", visible(app_name)));
            return Err(reader.at(value, problem));
        }
        let Some(keys) = value.get_ref().as_table() else {
            let problem = Problem::new(format!("`{APPS}.{app_name}` takes a table"));
            return Err(reader.at(
                value,
                problem.help(format!("its keys are {}", app::KEYS.join(", "))),
            ));
        };
        let mut settings = AppSettings::default();
        for (key, value) in keys {
            if !settings.read_key(reader, key.get_ref(), value)? {
                return Err(reader.unknown_key(key, app::KEYS));
            }
        }
        apps.insert(app_name.to_string(), settings);
    }
    Ok(apps)
}
