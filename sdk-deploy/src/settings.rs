//! The project's settings: `[workspace.metadata.machinist]` and `[package.metadata.machinist]` of
//! its Cargo.toml files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use machinist_core::attribute::{Place, Value};
use machinist_core::parameter::{self, Group, Kind, Parameter, Setting};
use machinist_core::problem::{self, Problem};
use machinist_core::text::shown;
use machinist_core::{name, own};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::target::TARGETS;
use crate::tool::Limits;

const TARGET: &str = "target";
const STATE: &str = "state";
const APPS: &str = "apps";
const IMAGE: &str = "image";
const DOCKERFILE: &str = "dockerfile";
const BIN: &str = "bin";
const AUTH: &str = "auth";
const KNATIVE: &str = "knative";
/// The key of how long the platform's tool may take to answer.
pub(crate) const ANSWER_TIMEOUT: &str = "answer_timeout";
/// The key of how long it may take to change something.
pub(crate) const RUN_TIMEOUT: &str = "run_timeout";

/// The keys of a table of the settings.
const KEYS: &[&str] = &[
    TARGET,
    STATE,
    ANSWER_TIMEOUT,
    RUN_TIMEOUT,
    IMAGE,
    DOCKERFILE,
    BIN,
    AUTH,
    APPS,
    KNATIVE,
];
/// The keys of an app.
const APP_KEYS: &[&str] = &[IMAGE, DOCKERFILE, BIN, AUTH];
/// Who may call an app, as the platform's client has it.
const AUTH_MODES: &[&str] = &["private", "public", "shared"];

/// A Cargo.toml that may have settings.
#[derive(Clone, Debug)]
pub struct CargoToml {
    /// Where it is.
    pub path: PathBuf,
    /// The package whose it is; `None` for that of a workspace.
    pub package: Option<String>,
}

/// The settings of a project.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    tables: Vec<Table>,
}

/// The settings of one Cargo.toml.
#[derive(Clone, Debug, Default)]
struct Table {
    file: PathBuf,
    package: Option<String>,
    target: Option<String>,
    state: Option<PathBuf>,
    answer_timeout: Option<Duration>,
    run_timeout: Option<Duration>,
    all: AppSettings,
    apps: BTreeMap<String, AppSettings>,
    knative: Option<KnativeSettings>,
}

/// What a cluster has its own names for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnativeSettings {
    /// The context of `kubectl`; the current one without it.
    pub context: Option<String>,
    /// The namespace; that of the context without it.
    pub namespace: Option<String>,
    /// The account that the pods run as.
    pub service_account: Option<String>,
    /// The label of nodes that names their GPU, where it is not NVIDIA's.
    pub gpu_label: Option<String>,
    /// The values of that label by machine type, where they are not the usual ones.
    pub node_labels: BTreeMap<String, Vec<String>>,
    /// The cluster's names of regions.
    pub regions: BTreeMap<String, String>,
    /// The taints of nodes that the pods tolerate, as Kubernetes writes them.
    pub tolerations: Vec<BTreeMap<String, String>>,
}

/// How an app is to be deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppSettings {
    /// The image that is run, where it is built elsewhere.
    pub image: Option<String>,
    /// The `Dockerfile` that makes the image.
    pub dockerfile: Option<PathBuf>,
    /// The binary, of those that link the app.
    pub bin: Option<String>,
    /// Who may call the app.
    pub auth: Option<String>,
}

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
        let mut tables = Vec::new();
        for file in files {
            tables.extend(Reader::read(file)?);
        }
        Ok(Self { tables })
    }

    /// The target, where one is set.
    ///
    /// # Errors
    ///
    /// When two packages name different ones.
    pub fn target(&self) -> Result<Option<&str>, Problem> {
        self.one(TARGET, |table| table.target.as_deref())
    }

    /// The state's file, where one is set.
    ///
    /// # Errors
    ///
    /// When two packages name different ones.
    pub fn state(&self) -> Result<Option<&Path>, Problem> {
        self.one(STATE, |table| table.state.as_deref())
    }

    /// How long the platform's tool may take, from a second to a week each.
    ///
    /// # Errors
    ///
    /// When two packages say different things.
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
        let answer = self.one(ANSWER_TIMEOUT, |table| table.answer_timeout.as_ref())?;
        let run = self.one(RUN_TIMEOUT, |table| table.run_timeout.as_ref())?;
        let default = Limits::default();
        Ok(Limits {
            answer: *answer.unwrap_or(&default.answer),
            run: *run.unwrap_or(&default.run),
        })
    }

    /// What the cluster has its own names for.
    ///
    /// # Errors
    ///
    /// When two packages say different things.
    pub fn knative(&self) -> Result<KnativeSettings, Problem> {
        let set = self.one(KNATIVE, |table| table.knative.as_ref())?;
        Ok(set.cloned().unwrap_or_default())
    }

    /// How an app of this package is to be deployed: each key from the nearest table that has it.
    /// Where the package is not known, every package's table is as near.
    ///
    /// ```
    /// use machinist_deploy::{CargoToml, Settings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("Cargo.toml");
    /// std::fs::write(&path, "[package.metadata.machinist]\nimage = \"acme/llm:v1\"\n")?;
    /// let settings = Settings::read(&[CargoToml { path, package: Some("llm".into()) }]).unwrap();
    /// assert_eq!(settings.of("llm", Some("llm")).image.as_deref(), Some("acme/llm:v1"));
    /// assert_eq!(settings.of("llm", Some("other")).image, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of(&self, app: &str, package: Option<&str>) -> AppSettings {
        let is_own = |table: &&Table| match (&table.package, package) {
            (Some(own), Some(package)) => own == package,
            (own, _) => own.is_some(),
        };
        let own_app = self.tables.iter().filter(is_own);
        let own_app = own_app.filter_map(|table| table.apps.get(app));
        let any_app = self.tables.iter().filter_map(|table| table.apps.get(app));
        let own_all = self.tables.iter().filter(is_own).map(|table| &table.all);
        let workspace = self.tables.iter().filter(|table| table.package.is_none());
        let all = workspace.map(|table| &table.all);
        let nearest: Vec<_> = own_app.chain(any_app).chain(own_all).chain(all).collect();
        AppSettings {
            image: nearest.iter().find_map(|near| near.image.clone()),
            dockerfile: nearest.iter().find_map(|near| near.dockerfile.clone()),
            bin: nearest.iter().find_map(|near| near.bin.clone()),
            auth: nearest.iter().find_map(|near| near.auth.clone()),
        }
    }

    /// The apps that have settings of their own.
    pub fn apps(&self) -> impl Iterator<Item = &str> {
        let apps = self.tables.iter().flat_map(|table| table.apps.keys());
        apps.map(String::as_str)
    }

    /// What a deploy has one of, whatever it deploys.
    fn one<'a, T: PartialEq + ?Sized>(
        &'a self,
        key: &str,
        value: impl Fn(&'a Table) -> Option<&'a T>,
    ) -> Result<Option<&'a T>, Problem> {
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
                first.file.display(),
                other.file.display()
            ))
            .help("set it once, in `[workspace.metadata.machinist]`")),
            None => Ok(value(first)),
        }
    }
}

/// Reads one file, and knows where things stand in it.
struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
}

impl<'a> Reader<'a> {
    fn read(file: &CargoToml) -> Result<Option<Table>, Problem> {
        let path = file.path.display();
        let cannot = |error: String| Problem::new(format!("cannot read `{path}`: {error}"));
        let text = fs::read_to_string(&file.path).map_err(|error| cannot(error.to_string()))?;
        let document = DeTable::parse(&text).map_err(|error| cannot(error.to_string()))?;
        let section = if file.package.is_some() {
            "package"
        } else {
            "workspace"
        };
        let mut table = Some(document.get_ref());
        for key in [section, "metadata", "machinist"] {
            table = table
                .and_then(|table| table.get(key))
                .and_then(|value| value.get_ref().as_table());
        }
        let reader = Reader {
            file: &file.path,
            text: &text,
        };
        let Some(found) = table else {
            return Ok(None);
        };
        reader.table(found, file.package.clone()).map(Some)
    }

    fn table(&self, from: &DeTable<'_>, package: Option<String>) -> Result<Table, Problem> {
        let mut table = Table {
            file: self.file.to_owned(),
            package,
            ..Table::default()
        };
        for (key, value) in from {
            match &**key.get_ref() {
                TARGET => {
                    let target = self.text_of(TARGET, value)?;
                    if !TARGETS.contains(&target) {
                        return Err(self.at(value, problem::unknown("target", target, TARGETS)));
                    }
                    table.target = Some(target.into());
                }
                STATE => table.state = Some(self.path_of(STATE, value)?),
                ANSWER_TIMEOUT => {
                    table.answer_timeout = Some(self.duration_of(ANSWER_TIMEOUT, value)?);
                }
                RUN_TIMEOUT => table.run_timeout = Some(self.duration_of(RUN_TIMEOUT, value)?),
                APPS => table.apps = self.apps(value)?,
                KNATIVE => table.knative = Some(self.knative(value)?),
                key_text => {
                    if !self.app_setting(&mut table.all, key_text, value)? {
                        return Err(self.unknown_key(key.span().start, key_text, KEYS));
                    }
                }
            }
        }
        Ok(table)
    }

    fn apps(&self, value: &Spanned<DeValue<'_>>) -> Result<BTreeMap<String, AppSettings>, Problem> {
        let Some(table) = value.get_ref().as_table() else {
            let problem = Problem::new(format!("`{APPS}` is a table of apps"));
            return Err(self.at(
                value,
                problem.help("write `[….apps.NAME]` with the app's name"),
            ));
        };
        let mut apps = BTreeMap::new();
        for (app, value) in table {
            let app_name = app.get_ref();
            if !name::is_dns_label(app_name) {
                let problem = Problem::new(format!("`{}` is no app's name", shown(app_name)));
                return Err(self.at(value, problem));
            }
            let Some(keys) = value.get_ref().as_table() else {
                let problem = Problem::new(format!("`{APPS}.{app_name}` is a table"));
                return Err(self.at(
                    value,
                    problem.help(format!("its keys are {}", APP_KEYS.join(", "))),
                ));
            };
            let mut settings = AppSettings::default();
            for (key, value) in keys {
                if !self.app_setting(&mut settings, key.get_ref(), value)? {
                    return Err(self.unknown_key(key.span().start, key.get_ref(), APP_KEYS));
                }
            }
            apps.insert(app_name.to_string(), settings);
        }
        Ok(apps)
    }

    fn knative(&self, value: &Spanned<DeValue<'_>>) -> Result<KnativeSettings, Problem> {
        const KEYS: &[&str] = &[
            "context",
            "namespace",
            "service_account",
            "gpu_label",
            "node_labels",
            "regions",
            "tolerations",
        ];
        let mut knative = KnativeSettings::default();
        for (key, value) in self.table_of(KNATIVE, value)? {
            match &**key.get_ref() {
                "context" => knative.context = Some(self.text_of("context", value)?.into()),
                "namespace" => knative.namespace = Some(self.text_of("namespace", value)?.into()),
                "service_account" => {
                    knative.service_account = Some(self.text_of("service_account", value)?.into());
                }
                "gpu_label" => knative.gpu_label = Some(self.text_of("gpu_label", value)?.into()),
                "node_labels" => {
                    for (machine, labels) in self.table_of("node_labels", value)? {
                        let at = labels;
                        let labels = self.texts_of(machine.get_ref(), labels)?;
                        let check = |label: &String| own::check_name(own::NODE_LABELS, label);
                        labels
                            .iter()
                            .try_for_each(check)
                            .map_err(|problem| self.at(at, problem))?;
                        knative
                            .node_labels
                            .insert(machine.get_ref().to_string(), labels);
                    }
                }
                "regions" => knative.regions = self.texts_by_key("regions", value)?,
                "tolerations" => {
                    for toleration in self.list_of("tolerations", value)? {
                        let texts = self.texts_by_key("tolerations", toleration)?;
                        knative.tolerations.push(texts);
                    }
                }
                other => return Err(self.unknown_key(key.span().start, other, KEYS)),
            }
        }
        Ok(knative)
    }

    fn texts_by_key(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let mut texts = BTreeMap::new();
        for (name, value) in self.table_of(key, value)? {
            let text = self.text_of(name.get_ref(), value)?;
            texts.insert(name.get_ref().to_string(), text.into());
        }
        Ok(texts)
    }

    /// A text, or a list of them.
    fn texts_of(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Problem> {
        if value.get_ref().as_str().is_some() {
            return Ok(vec![self.text_of(key, value)?.into()]);
        }
        let texts = self.list_of(key, value)?.iter();
        texts
            .map(|text| self.text_of(key, text).map(str::to_owned))
            .collect()
    }

    fn list_of<'v, 't>(
        &self,
        key: &str,
        value: &'v Spanned<DeValue<'t>>,
    ) -> Result<&'v [Spanned<DeValue<'t>>], Problem> {
        let list = value.get_ref().as_array().map(|list| &**list);
        list.ok_or_else(|| self.at(value, Problem::new(format!("`{key}` takes a list"))))
    }

    fn table_of<'v, 't>(
        &self,
        key: &str,
        value: &'v Spanned<DeValue<'t>>,
    ) -> Result<&'v DeTable<'t>, Problem> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.at(value, Problem::new(format!("`{key}` is a table"))))
    }

    /// Takes a key of an app, if it is one.
    fn app_setting(
        &self,
        settings: &mut AppSettings,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<bool, Problem> {
        match key {
            IMAGE => settings.image = Some(self.image_of(value)?),
            DOCKERFILE => settings.dockerfile = Some(self.path_of(DOCKERFILE, value)?),
            BIN => settings.bin = Some(self.text_of(BIN, value)?.into()),
            AUTH => settings.auth = Some(self.auth_of(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn image_of(&self, value: &Spanned<DeValue<'_>>) -> Result<String, Problem> {
        let image = self.text_of(IMAGE, value)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
        if image.chars().all(is_plain) {
            return Ok(image.into());
        }
        let problem = Problem::new(format!("`{}` is not the name of an image", shown(image)));
        Err(self.at(value, problem.help("write it like `ghcr.io/acme/llm:v1`")))
    }

    fn auth_of(&self, value: &Spanned<DeValue<'_>>) -> Result<String, Problem> {
        let auth = self.text_of(AUTH, value)?;
        if AUTH_MODES.contains(&auth) {
            return Ok(auth.into());
        }
        let problem = Problem::new(format!("`{}` is no way to call an app", shown(auth)));
        Err(self.at(
            value,
            problem.help(format!("write one of {}", AUTH_MODES.join(", "))),
        ))
    }

    /// A duration, by the rules of the attribute.
    fn duration_of(
        &self,
        key: &'static str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Duration, Problem> {
        let rule = Parameter {
            key,
            group: Group::Code,
            kind: Kind::Seconds(1, parameter::MAX_SECONDS),
            platform_default: None,
            doc: "",
        };
        let source = &self.text[value.span()];
        let written = match (value.get_ref().as_str(), source.parse()) {
            (Some(text), _) => Value::Text(text.into()),
            (None, Ok(seconds)) => Value::Integer(seconds),
            (None, Err(_)) => Value::Number(source.into()),
        };
        match rule.read(&written, Place(0)) {
            Ok(Setting::Number(seconds)) => Ok(Duration::from_secs(seconds.into())),
            Ok(_) => Err(self.at(value, Problem::new(format!("`{key}` takes a duration")))),
            Err(mut findings) => Err(self.at(value, findings.swap_remove(0).problem)),
        }
    }

    /// A path, from the file's folder.
    fn path_of(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<PathBuf, Problem> {
        Ok(self.file.with_file_name("").join(self.text_of(key, value)?))
    }

    fn text_of<'v>(&self, key: &str, value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, Problem> {
        match value.get_ref().as_str() {
            Some("") => Err(self.at(value, Problem::new(format!("`{key}` is empty")))),
            Some(text) => Ok(text),
            None => {
                let problem = Problem::new(format!("`{key}` takes a text"));
                Err(self.at(value, problem.help(format!("write `{key} = \"...\"`"))))
            }
        }
    }

    fn unknown_key(&self, at: usize, key: &str, keys: &[&str]) -> Problem {
        self.located(at, problem::unknown("key", key, keys))
    }

    fn at(&self, value: &Spanned<DeValue<'_>>, problem: Problem) -> Problem {
        self.located(value.span().start, problem)
    }

    /// With the place in front.
    fn located(&self, at: usize, problem: Problem) -> Problem {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let message = format!(
            "`{}:{line}:{column}`: {}",
            self.file.display(),
            problem.message
        );
        Problem { message, ..problem }
    }
}
