//! What is deployed to one target, and what changes it: a deploy, a tuning, a rollback, and what
//! others did on the platform.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use machinist_core::parameter::{self, Group, Kind};
use machinist_core::problem::Problem;
use machinist_core::text::shown;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::machines::OwnMachine;
use crate::manifest::{App, Manifest, checked};
use crate::plan::{self, Action, AppPlan, Change, Effective, Parameters, Plan, effective, sorted};

/// How many deploys of an app are remembered.
const HISTORY: usize = 10;

/// What is deployed to one target.
///
/// ```
/// use machinist_deploy::{Deployed, Manifest, Occasion, Options, plan};
///
/// let manifest = Manifest::parse(
///     r#"{"manifest_version": 1, "apps": [{
///         "name": "llm", "package": "studio", "version": "0.1.0",
///         "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///         "code": {"machine_type": ["GPU-H100"], "gpus": 2}, "scaling": {"keep_alive": 300}
///     }]}"#,
/// )?;
/// let first = plan(&manifest, &Deployed::default(), &Options::default());
/// let mut deployed = Deployed::default().after(&first, &Occasion::now(1, None));
///
/// // What is tuned stays through the next deploy.
/// let values = serde_json::json!({"keep_alive": "10m"});
/// let tuned = deployed.tune("llm", values.as_object().unwrap())?;
/// deployed.settle_tuning(&tuned);
/// let second = plan(&manifest, &deployed, &Options::default());
/// assert_eq!(second.apps[0].tuned[0].value, 600);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    /// The apps by name.
    #[serde(default)]
    pub apps: BTreeMap<String, AppState>,
}

/// What is deployed of one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppState {
    /// The binaries that linked it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Its machine types that are the project's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<OwnMachine>,
    /// What tells apart what was sent to the platform, the binary above all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// The code parameters as they were deployed; empty where the platform has the app no more.
    pub code: Parameters,
    /// The scaling parameters that the code said when it was deployed.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
    /// The scaling parameters that were tuned since; `null` where one was taken away.
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
    /// What the platform calls it, where it has a name for each deploy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The code parameters that it put in place.
    pub code: Parameters,
    /// The scaling parameters that the code said then.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
    /// The scaling parameters that were tuned then.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub overrides: Parameters,
}

/// When and from what a deploy is done.
#[derive(Clone, Debug, Default)]
pub struct Occasion {
    /// The state's serial after it.
    pub serial: u64,
    /// When, as RFC 3339 in UTC.
    pub time: String,
    /// The commit, where it is known.
    pub commit: Option<String>,
}

impl Occasion {
    /// Now, from this commit, with this serial.
    pub fn now(serial: u64, commit: Option<String>) -> Self {
        Self {
            serial,
            time: now(),
            commit,
        }
    }
}

/// The time, as RFC 3339 in UTC.
pub(crate) fn now() -> String {
    rfc3339(SystemTime::now())
}

/// A clock may say anything, and RFC 3339 knows four digits of a year: a time outside of what can be
/// written is the nearest one that can. Nothing is ordered by times: serials do that.
fn rfc3339(time: SystemTime) -> String {
    let last = UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
    humantime::format_rfc3339_seconds(time.clamp(UNIX_EPOCH, last)).to_string()
}

/// The last second of the year 9999, from 1970 on.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a platform says that it has.
///
/// ```
/// use machinist_deploy::{AppState, Deployed, Live, LiveApp};
/// use serde_json::json;
///
/// let parameters = |value: serde_json::Value| value.as_object().unwrap().clone();
/// let state = AppState {
///     code: parameters(json!({"machine_type": ["GPU-H100"]})),
///     ..AppState::default()
/// };
/// let deployed = Deployed { apps: [("llm".into(), state)].into() };
///
/// // Somebody changed the machine in a dashboard.
/// let app = LiveApp {
///     parameters: parameters(json!({"machine_type": ["GPU-A100"]})),
///     revision: None,
/// };
/// let live = Live { apps: [("llm".into(), app)].into() };
/// let drift = &deployed.refreshed(&live).apps["llm"].drift;
/// assert_eq!(drift["machine_type"], json!(["GPU-A100"]));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The apps by name.
    pub apps: BTreeMap<String, LiveApp>,
}

/// What a platform says of one app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveApp {
    /// The parameters that it tells, defaults included. What is not here, it does not tell.
    pub parameters: Parameters,
    /// What it calls the app's last deploy.
    pub revision: Option<String>,
}

impl Deployed {
    /// What is deployed after a plan was carried out.
    #[must_use]
    pub fn after(&self, plan: &Plan, occasion: &Occasion) -> Self {
        let mut after = self.clone();
        for app in &plan.apps {
            after.settle(app, occasion);
        }
        after
    }

    /// One app of a plan was carried out.
    pub fn settle(&mut self, app: &AppPlan, occasion: &Occasion) {
        match (app.action, &app.effective) {
            (Action::Orphaned, _) => {}
            (Action::Delete, _) | (_, None) => {
                self.apps.remove(&app.name);
            }
            (_, Some(effective)) => {
                let state = self.apps.entry(app.name.clone()).or_default();
                state.settle(app, effective, occasion);
            }
        }
    }

    /// An app was tuned.
    pub fn settle_tuning(&mut self, tuned: &AppPlan) {
        if let Some(state) = self.apps.get_mut(&tuned.name) {
            state.overrides = tuned.overrides();
        }
    }

    /// What is deployed according to the platform: scaling that differs was tuned there, code
    /// parameters that differ were changed behind the code's back, and of an app that is gone
    /// only its history stays.
    #[must_use]
    pub fn refreshed(&self, live: &Live) -> Self {
        let refreshed = |(name, state): (&String, &AppState)| {
            let state = match live.apps.get(name) {
                Some(live) => state.refreshed(live),
                None => state.gone(),
            };
            (name.clone(), state)
        };
        Self {
            apps: self.apps.iter().map(refreshed).collect(),
        }
    }

    /// With the apps of the code that the platform has and the state does not know: what they
    /// have there of scaling is taken for tuned.
    #[must_use]
    pub fn with_found(mut self, live: &Live, manifest: &Manifest) -> Self {
        for app in &manifest.apps {
            if let (Some(live), false) =
                (live.apps.get(&app.name), self.apps.contains_key(&app.name))
            {
                self.apps
                    .insert(app.name.clone(), AppState::found(app, live));
            }
        }
        self
    }

    /// An app that is deployed.
    ///
    /// # Errors
    ///
    /// When it is not, with what is.
    pub fn find(&self, app: &str) -> Result<&AppState, Problem> {
        match self.apps.get(app) {
            Some(state) if state.is_deployed() => Ok(state),
            _ => Err(self.unknown(app)),
        }
    }

    /// What tuning an app would change: these scaling parameters are in effect until they are
    /// reset.
    ///
    /// # Errors
    ///
    /// An app that is not deployed, and what is wrong with a value: the rules are those of the
    /// attribute.
    pub fn tune(&self, app: &str, values: &Parameters) -> Result<AppPlan, Problem> {
        let state = self.find(app)?;
        let mut overrides = state.overrides.clone();
        for (key, value) in values {
            overrides.insert(key.clone(), check(key, value)?);
        }
        let tuned = plan::tune(app, state, &overrides);
        let scaling = tuned.effective.as_ref().map(|effective| &effective.scaling);
        let number = |key: &str| scaling?.get(key)?.as_u64()?.try_into().ok();
        if let Some(min) = number(parameter::MIN_CONCURRENCY) {
            parameter::check_concurrency(min, number(parameter::MAX_CONCURRENCY))?;
        }
        Ok(tuned)
    }

    fn unknown(&self, given: &str) -> Problem {
        let problem = Problem::new(format!("no app `{}` is deployed", shown(given)));
        let deployed = self.apps.iter().filter(|(_, state)| state.is_deployed());
        let names: Vec<&str> = deployed.map(|(name, _)| name.as_str()).collect();
        match machinist_core::suggest::nearest(given, names.iter().copied()) {
            Some(name) => problem.help(format!("an app with a similar name is: `{name}`")),
            None if names.is_empty() => problem.help("deploy it with `cargo machinist deploy`"),
            None => problem.help(format!("deployed are {}", names.join(", "))),
        }
    }
}

impl AppState {
    /// Whether the platform has it.
    pub fn is_deployed(&self) -> bool {
        !self.code.is_empty()
    }

    /// The code parameters that are in effect, changed behind the code's back or not.
    pub fn actual_code(&self) -> Parameters {
        effective(&self.code, &self.drift)
    }

    /// The scaling parameters that are in effect.
    pub fn effective_scaling(&self) -> Parameters {
        effective(&self.scaling, &self.overrides)
    }

    /// The deploy of this serial, or else the one before the last.
    ///
    /// # Errors
    ///
    /// When it is not on record, with those that are.
    pub fn earlier(&self, serial: Option<u64>) -> Result<&Deploy, Problem> {
        let found = match serial {
            Some(serial) => self.history.iter().find(|deploy| deploy.serial == serial),
            None => self.history.get(1),
        };
        found.ok_or_else(|| {
            let line = |deploy: &Deploy| format!("{} of {}", deploy.serial, deploy.time);
            let known: Vec<String> = self.history.iter().map(line).collect();
            let message = match serial {
                Some(serial) => format!("no deploy with the serial {serial} is on record"),
                None => "there is no earlier deploy on record".into(),
            };
            Problem::new(message).help(format!("deploys on record are {}", known.join(", ")))
        })
    }

    /// The platform calls the app's last deploy so. Where that brought no other parameters it was
    /// one that brought another binary.
    pub(crate) fn is_of_revision(&mut self, revision: &str, occasion: &Occasion) {
        let last = self.history.first();
        let is_new = last.is_none_or(|last| last.serial != occasion.serial);
        if is_new && last.is_none_or(|last| last.revision.as_deref() != Some(revision)) {
            self.remember(Vec::new(), occasion);
        }
        if let Some(last) = self.history.first_mut() {
            last.revision = Some(revision.into());
        }
    }

    fn settle(&mut self, app: &AppPlan, effective: &Effective, occasion: &Occasion) {
        self.binaries.clone_from(&app.binaries);
        self.machines.clone_from(&app.machines);
        self.code = effective.code.clone();
        self.scaling = app.scaling_of_the_code();
        self.overrides = app.overrides();
        self.drift = Parameters::new();
        if app.action != Action::Unchanged {
            self.remember(app.changes.clone(), occasion);
        }
    }

    fn remember(&mut self, changes: Vec<Change>, occasion: &Occasion) {
        let deploy = Deploy {
            serial: occasion.serial,
            time: occasion.time.clone(),
            commit: occasion.commit.clone(),
            revision: None,
            changes,
            code: self.code.clone(),
            scaling: self.scaling.clone(),
            overrides: self.overrides.clone(),
        };
        self.history.insert(0, deploy);
        self.history.truncate(HISTORY);
    }

    fn refreshed(&self, live: &LiveApp) -> Self {
        let mut state = self.clone();
        let scaling = self.effective_scaling();
        state.drift = Parameters::new();
        for (key, value) in &live.parameters {
            let known = parameter::find(key);
            let is_scaling = known.is_some_and(|parameter| parameter.group == Group::Scaling);
            if is_scaling && !same(key, scaling.get(key), value) {
                state.overrides.insert(key.clone(), value.clone());
            }
            if !is_scaling && !same(key, self.code.get(key), value) {
                state.drift.insert(key.clone(), value.clone());
            }
        }
        state.overrides = sorted(state.overrides);
        let last = self.history.first().and_then(|last| last.revision.as_ref());
        if live.revision.as_ref() != last {
            // Somebody else deployed something since.
            state.artifact = None;
        }
        state
    }

    /// The platform has it no more: its tuned values are gone with it.
    fn gone(&self) -> Self {
        Self {
            history: self.history.clone(),
            ..Self::default()
        }
    }

    /// An app that the platform has although it was not deployed from this state.
    fn found(app: &App, live: &LiveApp) -> Self {
        let unknown = Self {
            binaries: app.binaries.clone(),
            machines: app.machines.clone(),
            scaling: app.scaling.clone(),
            ..Self::default()
        };
        let mut found = unknown.refreshed(live);
        found.code = std::mem::take(&mut found.drift);
        found
    }
}

/// Whether a platform has what we know. Where nothing is set it says its default.
fn same(key: &str, known: Option<&Value>, live: &Value) -> bool {
    let parameter = parameter::find(key);
    let default = parameter.and_then(|parameter| parameter.platform_default);
    let is_set = parameter.is_some_and(|parameter| parameter.kind == Kind::Regions);
    match known {
        None if is_set => live.as_array().is_none_or(Vec::is_empty),
        None => live.is_null() || default.is_some_and(|default| *live == default),
        Some(known) if is_set => as_set(known) == as_set(live),
        Some(known) => known == live,
    }
}

fn as_set(list: &Value) -> Vec<&str> {
    let elements = list.as_array().into_iter().flatten();
    let mut texts: Vec<&str> = elements.filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

/// A value to tune, by the rules of the attribute, as the manifest has it.
fn check(key: &str, value: &Value) -> Result<Value, Problem> {
    let parameter = match parameter::find(key) {
        Some(parameter) if parameter.group == Group::Scaling => parameter,
        _ => return Err(not_tunable(key)),
    };
    checked(parameter, value)
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
    let problem = Problem::new(format!("unknown parameter `{}`", shown(key)));
    match machinist_core::suggest::nearest(key, keys.iter().copied()) {
        Some(meant) => problem.help(format!("a similar one exists: `{meant}`")),
        None => problem.help(format!(
            "parameters that can be tuned are {}",
            keys.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_has_a_time_too() {
        let second = Duration::from_secs(1);
        let last = UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
        for (time, expected) in [
            (UNIX_EPOCH - 100 * second, "1970-01-01T00:00:00Z"),
            (UNIX_EPOCH, "1970-01-01T00:00:00Z"),
            (UNIX_EPOCH + second, "1970-01-01T00:00:01Z"),
            (last, "9999-12-31T23:59:59Z"),
            (last + second, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(time), expected);
        }
    }
}
