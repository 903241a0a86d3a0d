//! The state: what is deployed, and what was tuned since.

use std::collections::BTreeMap;

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use machinist_core::attribute::Place;
use machinist_core::json;
use machinist_core::parameter::{self, Group, Setting};
use machinist_core::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::manifest::as_written;
use crate::plan::{Action, AppPlan, Change, Effective, Parameters, Plan, overlaid};

/// The version of the state that this crate writes, and the newest that it reads.
pub const STATE_VERSION: u32 = 1;

/// How many deploys of an app are remembered.
const HISTORY: usize = 10;

/// What is deployed, and what was tuned since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// [`STATE_VERSION`].
    pub state_version: u32,
    /// Which history of states this is one of; the same for all that followed from one first.
    pub lineage: String,
    /// One more with every change.
    pub serial: u64,
    /// The apps by name.
    #[serde(default)]
    pub apps: BTreeMap<String, AppState>,
}

/// What is deployed of one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppState {
    /// The code parameters as they were deployed.
    pub code: Parameters,
    /// The scaling parameters that the code said when it was deployed.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
    /// The scaling parameters that were tuned since.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub overrides: Parameters,
    /// The code parameters that were changed behind the code's back; `null` where one was removed.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub drift: Parameters,
    /// The last deploys that changed it, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Deploy>,
}

/// A deploy that changed an app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// The state's serial after it.
    pub serial: u64,
    /// When, as RFC 3339 in UTC.
    pub time: String,
    /// The commit it was deployed from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The code parameters that it put in place.
    pub code: Parameters,
    /// The scaling parameters that the code said then.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
}

/// When and from what a deploy is done.
#[derive(Clone, Debug, Default)]
pub struct Occasion {
    /// When, as RFC 3339 in UTC.
    pub time: String,
    /// The commit, where it is known.
    pub commit: Option<String>,
}

impl Occasion {
    /// Now, from this commit.
    pub fn now(commit: Option<String>) -> Self {
        Self {
            time: now(),
            commit,
        }
    }
}

/// The time, as RFC 3339 in UTC.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// A state that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is not a state.
    #[error("this is not a state: {0}")]
    NotAState(#[from] serde_json::Error),
    /// It is of a newer version.
    #[error("the state has version {0}, and the newest known here is {STATE_VERSION}")]
    NewerVersion(u64),
}

impl StateError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAState(_) => "put back the version of it that git has; nothing was changed",
            Self::NewerVersion(_) => "upgrade with `cargo install cargo-machinist`",
        }
    }
}

impl State {
    /// The state of nothing deployed, with a lineage of its own.
    pub fn new() -> Self {
        let lineage = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        Self {
            state_version: STATE_VERSION,
            lineage,
            serial: 0,
            apps: BTreeMap::new(),
        }
    }

    /// Reads a state that was written.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with line and column, and a newer version.
    ///
    /// ```
    /// use machinist_deploy::State;
    ///
    /// let state = State::new();
    /// assert_eq!(State::parse(&state.to_json()).unwrap(), state);
    /// ```
    pub fn parse(text: &str) -> Result<Self, StateError> {
        let any: Value = serde_json::from_str(text)?;
        match any["state_version"].as_u64() {
            Some(version) if version > STATE_VERSION.into() => {
                Err(StateError::NewerVersion(version))
            }
            _ => Ok(serde_json::from_str(text)?),
        }
    }

    /// The state as it is written: for review in git, always the same bytes for the same state.
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys: this serialization cannot fail.
        let compact = serde_json::to_string(self).unwrap_or_default();
        json::indent(&compact) + "\n"
    }

    /// The state after a plan was carried out.
    #[must_use]
    pub fn after(&self, plan: &Plan, occasion: &Occasion) -> Self {
        let mut after = self.clone();
        for app in &plan.apps {
            match (app.action, &app.effective) {
                (Action::Orphaned, _) => {}
                (Action::Delete, _) | (_, None) => {
                    after.apps.remove(&app.name);
                }
                (_, Some(effective)) => {
                    let state = after.apps.entry(app.name.clone()).or_default();
                    state.settle(app, effective, self.serial + 1, occasion);
                }
            }
        }
        if after != *self {
            after.serial += 1;
        }
        after
    }

    /// Tunes an app: these scaling parameters are in effect until they are reset.
    ///
    /// # Errors
    ///
    /// An app that is not deployed, and what is wrong with a value: the rules are those of the
    /// attribute. Then nothing is changed.
    pub fn tune(&mut self, app: &str, values: &Parameters) -> Result<(), Problem> {
        let deployed: Vec<String> = self.apps.keys().cloned().collect();
        let Some(state) = self.apps.get_mut(app) else {
            return Err(unknown_app(app, &deployed));
        };
        let mut overrides = state.overrides.clone();
        for (key, value) in values {
            overrides.insert(key.clone(), check(key, value)?);
        }
        let overrides = overlaid(&overrides, &Parameters::new());
        let effective = overlaid(&state.scaling, &overrides);
        let number = |key: &str| effective.get(key)?.as_u64()?.try_into().ok();
        if let Some(min) = number(parameter::MIN_CONCURRENCY) {
            parameter::check_concurrency(min, number(parameter::MAX_CONCURRENCY))?;
        }
        if overrides != state.overrides {
            state.overrides = overrides;
            self.serial += 1;
        }
        Ok(())
    }

    /// Takes over what a platform has: scaling that differs was tuned, code parameters that
    /// differ were changed behind the code's back.
    pub fn observe(&mut self, app: &str, live: &Effective) {
        let Some(state) = self.apps.get_mut(app) else {
            return;
        };
        let effective = state.effective_scaling();
        for (key, value) in &live.scaling {
            if effective.get(key) != Some(value) {
                state.overrides.insert(key.clone(), value.clone());
            }
        }
        state.overrides = overlaid(&state.overrides, &Parameters::new());
        state.drift = Parameters::new();
        for key in overlaid(&state.code, &live.code).keys() {
            if state.code.get(key) != live.code.get(key) {
                let value = live.code.get(key).cloned().unwrap_or(Value::Null);
                state.drift.insert(key.clone(), value);
            }
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl AppState {
    /// The code parameters that are in effect, changed behind the code's back or not.
    pub fn actual_code(&self) -> Parameters {
        let mut code = overlaid(&self.code, &self.drift);
        code.retain(|_, value| !value.is_null());
        code
    }

    /// The scaling parameters that are in effect.
    pub fn effective_scaling(&self) -> Parameters {
        overlaid(&self.scaling, &self.overrides)
    }

    fn settle(&mut self, app: &AppPlan, effective: &Effective, serial: u64, occasion: &Occasion) {
        self.code = effective.code.clone();
        self.scaling = app.scaling_of_the_code();
        let tuned = app
            .tuned
            .iter()
            .map(|tuned| (tuned.parameter.clone(), tuned.value.clone()));
        self.overrides = tuned.collect();
        self.drift = Parameters::new();
        if app.action == Action::Unchanged {
            return;
        }
        let deploy = Deploy {
            serial,
            time: occasion.time.clone(),
            commit: occasion.commit.clone(),
            changes: app.changes.clone(),
            code: self.code.clone(),
            scaling: self.scaling.clone(),
        };
        self.history.insert(0, deploy);
        self.history.truncate(HISTORY);
    }
}

fn unknown_app(given: &str, deployed: &[String]) -> Problem {
    let problem = Problem::new(format!("no app `{}` is deployed", given.escape_debug()));
    let names = deployed.iter().map(String::as_str);
    match machinist_core::suggest::nearest(given, names) {
        Some(name) => problem.help(format!("an app with a similar name is: `{name}`")),
        None if deployed.is_empty() => problem.help("deploy it with `cargo machinist deploy`"),
        None => problem.help(format!("deployed are {}", deployed.join(", "))),
    }
}

/// A value to tune, by the rules of the attribute, as the manifest has it.
fn check(key: &str, value: &Value) -> Result<Value, Problem> {
    let parameter = match parameter::find(key) {
        Some(parameter) if parameter.group == Group::Scaling => parameter,
        _ => return Err(not_tunable(key)),
    };
    match parameter.read(&as_written(value), Place(0)) {
        Ok(Setting::Number(number)) => Ok(number.into()),
        Ok(Setting::Text(text)) => Ok(text.into()),
        Ok(Setting::List(texts)) => Ok(texts.into()),
        Err(mut findings) => Err(findings.swap_remove(0).problem),
    }
}

fn not_tunable(key: &str) -> Problem {
    let scaling = parameter::PARAMETERS
        .iter()
        .filter(|other| other.group == Group::Scaling);
    let keys: Vec<&str> = scaling.map(|parameter| parameter.key).collect();
    if parameter::find(key).is_some() {
        return Problem::new(format!("`{key}` is a code parameter and cannot be tuned"))
            .help("change it in the code and deploy: every deploy puts the code's value back");
    }
    let problem = Problem::new(format!("unknown parameter `{}`", key.escape_debug()));
    match machinist_core::suggest::nearest(key, keys.iter().copied()) {
        Some(meant) => problem.help(format!("a similar one exists: `{meant}`")),
        None => problem.help(format!(
            "parameters that can be tuned are {}",
            keys.join(", ")
        )),
    }
}
