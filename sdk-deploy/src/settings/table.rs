//! The settings of one Cargo.toml: those of all environments, and of each environment.

use std::collections::BTreeMap;
use std::time::Duration;

use machinist_core::name::is_dns_label;
use machinist_core::problem::{self, Problem};
use machinist_core::text::visible;
use toml::Spanned;
use toml::de::DeTable;

use super::app::{self, AppSettings};
use super::cargo_toml::CargoToml;
use super::reader::{Item, Reader};
use crate::limits::{ANSWER_TIMEOUT, RUN_TIMEOUT};
use crate::state_location::StateSetting;

const TARGET: &str = "target";
const STATE: &str = "state";
const FEATURES: &str = "features";
const PROFILE: &str = "profile";
const APPS: &str = "apps";
/// The key of the environments.
pub(super) const ENV: &str = "env";

/// The keys of a table, those of apps and of targets aside.
const KEYS: &[&str] = &[
    TARGET,
    STATE,
    FEATURES,
    PROFILE,
    ANSWER_TIMEOUT,
    RUN_TIMEOUT,
];

/// The settings of one Cargo.toml, for all environments or for one.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) reader: Reader,
    pub(super) package: Option<String>,
    /// The environment that they are for; `None` for all of them.
    pub(super) environment: Option<String>,
    pub(super) target: Option<String>,
    pub(super) state: Option<StateSetting>,
    pub(super) features: Option<Vec<String>>,
    pub(super) profile: Option<String>,
    pub(super) answer_timeout: Option<Duration>,
    pub(super) run_timeout: Option<Duration>,
    pub(super) all: AppSettings,
    pub(super) apps: BTreeMap<String, AppSettings>,
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

impl Table {
    /// The settings of a file: those of all environments, then those of each.
    pub(super) fn read_all(file: &CargoToml, targets: &TargetKeys) -> Result<Vec<Self>, Problem> {
        let reader = Reader::open(&file.path)?;
        let Some(mut keys) = reader.document(&section(file.package.is_some()))? else {
            return Ok(Vec::new());
        };
        let empty = Self::empty(&reader, file.package.clone());
        let mut tables = Vec::new();
        if let Some(environments) = keys.remove(ENV) {
            for (name, value) in reader.table(ENV, &environments)? {
                check_name(&reader, name)?;
                let environment = Self {
                    environment: Some(name.get_ref().to_string()),
                    ..empty.clone()
                };
                let Some(keys) = value.get_ref().as_table() else {
                    return Err(not_an_environment(&reader, name.get_ref(), value));
                };
                tables.push(environment.with(keys, targets)?);
            }
        }
        tables.insert(0, empty.with(&keys, targets)?);
        Ok(tables)
    }

    fn empty(reader: &Reader, package: Option<String>) -> Self {
        Self {
            reader: reader.clone(),
            package,
            environment: None,
            target: None,
            state: None,
            features: None,
            profile: None,
            answer_timeout: None,
            run_timeout: None,
            all: AppSettings::default(),
            apps: BTreeMap::new(),
        }
    }

    /// The keys of the table as they are written; `None` if they cannot be read any more.
    pub(super) fn keys(&self) -> Option<DeTable<'_>> {
        let section = section(self.package.is_some());
        let environment = self.environment.as_deref();
        let environment = environment.map(|name| [ENV, name]);
        let path = section.into_iter().chain(environment.into_iter().flatten());
        let path: Vec<&str> = path.collect();
        self.reader.document(&path).ok()?
    }

    /// The same with what the keys of a table say.
    fn with(mut self, keys: &DeTable<'_>, targets: &TargetKeys) -> Result<Self, Problem> {
        for (key, value) in keys {
            let text = &**key.get_ref();
            if !self.read_key(text, value, targets)? {
                let tables = targets.tables.iter().map(|(key, _)| *key);
                let known = KEYS.iter().chain(app::KEYS).copied().chain([APPS]);
                let environments = self.environment.is_none().then_some(ENV);
                let known: Vec<&str> = known.chain(environments).chain(tables).collect();
                return Err(self.reader.unknown_key(key, &known));
            }
        }
        Ok(self)
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
            FEATURES => self.features = Some(reader.texts(FEATURES, value)?),
            PROFILE => self.profile = Some(reader.text(PROFILE, value)?.into()),
            ANSWER_TIMEOUT => self.answer_timeout = Some(reader.duration(ANSWER_TIMEOUT, value)?),
            RUN_TIMEOUT => self.run_timeout = Some(reader.duration(RUN_TIMEOUT, value)?),
            APPS => self.apps = self.apps(value)?,
            key => match targets.tables.iter().find(|(known, _)| *known == key) {
                Some((_, check)) => check(reader, value)?,
                None => return self.all.read_key(reader, key, value),
            },
        }
        Ok(true)
    }

    fn apps(&self, value: &Item<'_>) -> Result<BTreeMap<String, AppSettings>, Problem> {
        let reader = &self.reader;
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
            if !is_dns_label(app_name) {
                let problem = Problem::new(format!("invalid app name `{}`", visible(app_name)));
                return Err(reader.at(value, problem));
            }
            let settings = self.app(app_name, value)?;
            apps.insert(app_name.to_string(), settings);
        }
        Ok(apps)
    }

    fn app(&self, name: &str, value: &Item<'_>) -> Result<AppSettings, Problem> {
        let reader = &self.reader;
        let known = || match self.environment {
            Some(_) => [app::KEYS, &[app::ENV, app::SCALING]].concat(),
            None => [app::KEYS, &[app::ENV]].concat(),
        };
        let Some(keys) = value.get_ref().as_table() else {
            let problem = Problem::new(format!("`{APPS}.{name}` takes a table"));
            return Err(reader.at(
                value,
                problem.help(format!("its keys are {}", known().join(", "))),
            ));
        };
        let mut settings = AppSettings::default();
        for (key, value) in keys {
            match (&**key.get_ref(), &self.environment) {
                (app::SCALING, Some(_)) => settings.read_scaling(reader, value)?,
                (app::ENV, _) => settings.read_env(reader, value)?,
                (app::SCALING, None) => return Err(scaling_for_all(reader, name, value)),
                (text, _) => {
                    if !settings.read_key(reader, text, value)? {
                        return Err(reader.unknown_key(key, &known()));
                    }
                }
            }
        }
        Ok(settings)
    }
}

/// The names of a file's environments; `None` if it has none, or cannot be read.
pub(super) fn environment_names(file: &CargoToml) -> Option<Vec<String>> {
    let reader = Reader::open(&file.path).ok()?;
    let section = section(file.package.is_some());
    let keys: Vec<&str> = section.into_iter().chain([ENV]).collect();
    let environments = reader.document(&keys).ok()??;
    Some(
        environments
            .keys()
            .map(|name| name.get_ref().to_string())
            .collect(),
    )
}

/// The keys that lead to the settings in a Cargo.toml.
fn section(is_package: bool) -> [&'static str; 3] {
    let section = match is_package {
        true => "package",
        false => "workspace",
    };
    [section, "metadata", "machinist"]
}

/// The name becomes a part of names of services and of files.
fn check_name<K: AsRef<str>>(reader: &Reader, name: &Spanned<K>) -> Result<(), Problem> {
    let text = name.get_ref().as_ref();
    if is_dns_label(text) {
        return Ok(());
    }
    let problem = Problem::new(format!(
        "invalid name of an environment: `{}`",
        visible(text)
    ));
    Err(reader.at_key(
        name,
        problem.help("a name has lowercase letters, digits and dashes, such as `prod`"),
    ))
}

fn not_an_environment(reader: &Reader, name: &str, value: &Item<'_>) -> Problem {
    let problem = Problem::new(format!("`{ENV}.{}` takes a table", visible(name)));
    let problem = problem
        .help(format!(
            "write `[….{ENV}.{name}]`, and what is different in the environment below it"
        ))
        .note(format!("`{ENV}` here has environments; an app's environment variables stand in `[….{APPS}.NAME]`"));
    reader.at(value, problem)
}

/// The scaling of an app's first deploy, where it is not of an environment.
fn scaling_for_all(reader: &Reader, app: &str, value: &Item<'_>) -> Problem {
    let scaling = app::SCALING;
    let problem = Problem::new(format!("`{APPS}.{app}.{scaling}` is of no environment"));
    reader.at(
        value,
        problem.help(format!(
            "write it into the code, as `{scaling}(..)` of the attribute, or for one environment as \
             `{ENV}.NAME.{APPS}.{app}.{scaling}`"
        )),
    )
}
