//! What a deploy would change: the manifest against the state.
//!
//! The rule of redeploy: code parameters are the manifest's, always. Scaling parameters are the
//! manifest's with what was tuned since on top, unless that is reset. An app that is gone from the
//! code is kept, unless it is pruned.

use std::collections::{BTreeMap, BTreeSet};

use machinist_core::parameter::{self, Group, PARAMETERS};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::deployed::{AppState, Deploy, Deployed};
use crate::machines::OwnMachine;
use crate::manifest::{App, Manifest};

/// Parameters by key, in the order of the manifest.
pub type Parameters = Map<String, Value>;

/// What a deploy may do beyond putting the code's values in place.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose tuned values are dropped.
    pub reset_scaling: Reset,
    /// Whether apps that are gone from the code are deleted.
    pub prune: bool,
    /// Binaries that exist and were not read: apps of theirs alone are none of the plan's
    /// business.
    pub not_read: BTreeSet<String>,
}

/// Apps whose tuned values are dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// None.
    #[default]
    Nothing,
    /// These.
    Apps(BTreeSet<String>),
    /// All of them.
    Everything,
}

impl Reset {
    fn includes(&self, app: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Apps(apps) => apps.contains(app),
            Self::Everything => true,
        }
    }
}

/// What a deploy would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// What happens to each app, by name.
    pub apps: Vec<AppPlan>,
}

/// What a deploy would change of one app.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AppPlan {
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub action: Action,
    /// The binaries that link it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Its machine types that are the project's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<OwnMachine>,
    /// The parameters that change, in the order of the manifest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Whether tuned values are dropped, those too that only the platform knows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Values that were tuned and stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuned: Vec<Tuned>,
    /// The parameters that are in effect afterwards; of an app that is deleted none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
}

/// What happens to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Create,
    /// Something of it changes.
    Update,
    /// Nothing of it changes.
    Unchanged,
    /// It is gone from the code, and kept.
    Orphaned,
    /// It is gone from the code, and deleted.
    Delete,
}

/// A parameter that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its key.
    pub parameter: String,
    /// Its value before; `None` where nothing was set.
    pub from: Option<Value>,
    /// Its value afterwards; `None` where nothing is set.
    pub to: Option<Value>,
    /// Why.
    pub why: Why,
}

/// Why a parameter changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The code says something else than before.
    Code,
    /// It was changed behind the code's back.
    PutBack,
    /// Its tuned value is dropped.
    Reset,
    /// It is tuned.
    Tuned,
    /// An earlier deploy had it so.
    RolledBack,
}

/// A tuned value that stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The parameter's key.
    pub parameter: String,
    /// The tuned value; `null` where the code's was taken away.
    pub value: Value,
    /// What the code says, which is not applied.
    pub code: Option<Value>,
}

/// The parameters in effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effective {
    /// The code parameters.
    pub code: Parameters,
    /// The scaling parameters, with what was tuned.
    pub scaling: Parameters,
}

/// Compares what the code says with what is deployed. Nothing else has a say, and nothing is
/// changed.
///
/// ```
/// use machinist_deploy::{Action, Deployed, Manifest, Options, plan};
///
/// let manifest = Manifest::parse(
///     r#"{"manifest_version": 1, "apps": [{
///         "name": "llm", "package": "studio", "version": "0.1.0",
///         "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///         "code": {"machine_type": ["GPU-H100"], "gpus": 2}
///     }]}"#,
/// )?;
/// let plan = plan(&manifest, &Deployed::default(), &Options::default());
/// assert_eq!(plan.apps[0].action, Action::Create);
/// # Ok::<(), machinist_deploy::ManifestError>(())
/// ```
pub fn plan(manifest: &Manifest, deployed: &Deployed, options: &Options) -> Plan {
    let mut apps = BTreeMap::new();
    for app in &manifest.apps {
        let reset = options.reset_scaling.includes(&app.name);
        let state = deployed.apps.get(&app.name);
        let plan = deploy(app, state.filter(|state| state.is_deployed()), reset);
        apps.insert(&app.name, plan);
    }
    for (name, state) in &deployed.apps {
        if state.is_deployed() && !options.is_elsewhere(state) {
            apps.entry(name)
                .or_insert_with(|| gone(name, state, options.prune));
        }
    }
    Plan {
        apps: apps.into_values().collect(),
    }
}

/// What going back to an earlier deploy of an app would change.
///
/// ```
/// use machinist_deploy::{Deployed, Manifest, Occasion, Options, plan, rollback};
///
/// let deploy = |deployed: &Deployed, gpus: u64, serial: u64| {
///     let mut manifest = Manifest::parse(
///         r#"{"manifest_version": 1, "apps": [{
///             "name": "llm", "package": "studio", "version": "0.1.0",
///             "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///             "code": {"machine_type": ["GPU-H100"]}
///         }]}"#,
///     )?;
///     manifest.apps[0].code.insert("gpus".into(), gpus.into());
///     let plan = plan(&manifest, deployed, &Options::default());
///     Ok::<_, machinist_deploy::ManifestError>(deployed.after(&plan, &Occasion::now(serial, None)))
/// };
/// let deployed = deploy(&deploy(&Deployed::default(), 2, 1)?, 4, 2)?;
/// let app = &deployed.apps["llm"];
/// let back = rollback("llm", app, app.earlier(None)?);
/// assert_eq!(back.changes[0].to, Some(2.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rollback(name: &str, state: &AppState, deploy: &Deploy) -> AppPlan {
    put(
        name,
        state,
        &deploy.code,
        (&deploy.scaling, &deploy.overrides),
        Why::RolledBack,
    )
}

/// What these overrides would change of an app.
pub(crate) fn tune(name: &str, state: &AppState, overrides: &Parameters) -> AppPlan {
    let code = state.actual_code();
    put(name, state, &code, (&state.scaling, overrides), Why::Tuned)
}

/// An app with other parameters than it has.
fn put(
    name: &str,
    state: &AppState,
    code: &Parameters,
    (scaling, overrides): (&Parameters, &Parameters),
    why: Why,
) -> AppPlan {
    let effective = Effective {
        code: code.clone(),
        scaling: effective(scaling, overrides),
    };
    let changes = changes(state, &effective, |_| why);
    AppPlan {
        name: name.into(),
        action: match changes.is_empty() {
            true => Action::Unchanged,
            false => Action::Update,
        },
        binaries: state.binaries.clone(),
        machines: state.machines.clone(),
        changes,
        reset: false,
        tuned: tuned(scaling, &sorted(overrides.clone())),
        effective: Some(effective),
    }
}

fn deploy(app: &App, state: Option<&AppState>, reset: bool) -> AppPlan {
    let empty = AppState::default();
    let before = state.unwrap_or(&empty);
    let overrides = if reset {
        Parameters::new()
    } else {
        before.overrides.clone()
    };
    let effective = Effective {
        code: app.code.clone(),
        scaling: effective(&app.scaling, &overrides),
    };
    let changes = changes(before, &effective, |key| match group(key) {
        Some(Group::Scaling) if reset && before.overrides.contains_key(key) => Why::Reset,
        Some(Group::Scaling) => Why::Code,
        _ if before.drift.contains_key(key) && before.code.get(key) == app.code.get(key) => {
            Why::PutBack
        }
        _ => Why::Code,
    });
    let action = match (state, changes.is_empty()) {
        (None, _) => Action::Create,
        (Some(_), true) => Action::Unchanged,
        (Some(_), false) => Action::Update,
    };
    AppPlan {
        name: app.name.clone(),
        action,
        binaries: app.binaries.clone(),
        machines: app.machines.clone(),
        changes,
        reset,
        tuned: tuned(&app.scaling, &overrides),
        effective: Some(effective),
    }
}

fn gone(name: &str, state: &AppState, prune: bool) -> AppPlan {
    let effective = Effective {
        code: state.actual_code(),
        scaling: state.effective_scaling(),
    };
    AppPlan {
        name: name.into(),
        action: if prune {
            Action::Delete
        } else {
            Action::Orphaned
        },
        binaries: state.binaries.clone(),
        machines: state.machines.clone(),
        changes: Vec::new(),
        reset: false,
        tuned: Vec::new(),
        effective: (!prune).then_some(effective),
    }
}

impl Options {
    /// Whether an app was not looked for, so that nobody knows whether the code still has it.
    pub fn is_elsewhere(&self, app: &AppState) -> bool {
        let mut binaries = app.binaries.iter();
        !app.binaries.is_empty() && binaries.all(|binary| self.not_read.contains(binary))
    }
}

impl Plan {
    /// Whether carrying it out changes a parameter, or creates or deletes an app.
    pub fn changes_something(&self) -> bool {
        let is_kept = |app: &AppPlan| matches!(app.action, Action::Unchanged | Action::Orphaned);
        !self.apps.iter().all(is_kept)
    }
}

impl AppPlan {
    /// The changes of scaling parameters.
    pub fn scaling_changes(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|change| group(&change.parameter) == Some(Group::Scaling))
    }

    /// The tuned values that stay.
    pub(crate) fn overrides(&self) -> Parameters {
        let tuned = self.tuned.iter();
        tuned
            .map(|tuned| (tuned.parameter.clone(), tuned.value.clone()))
            .collect()
    }

    /// What of it is done when only the code parameters are in place yet.
    pub(crate) fn without_scaling_changes(&self) -> Self {
        let mut half = self.clone();
        half.changes
            .retain(|change| group(&change.parameter) != Some(Group::Scaling));
        if let Some(effective) = &mut half.effective {
            let undone = self.scaling_changes().map(|change| {
                let from = change.from.clone().unwrap_or(Value::Null);
                (change.parameter.clone(), from)
            });
            effective.scaling = self::effective(&effective.scaling, &undone.collect());
        }
        half
    }

    /// What the code says of scaling: what is in effect, but for what stays tuned.
    pub(crate) fn scaling_of_the_code(&self) -> Parameters {
        let mut scaling = self.effective.clone().unwrap_or_default().scaling;
        for tuned in &self.tuned {
            match &tuned.code {
                Some(value) => scaling.insert(tuned.parameter.clone(), value.clone()),
                None => scaling.shift_remove(&tuned.parameter),
            };
        }
        sorted(scaling)
    }
}

fn group(key: &str) -> Option<Group> {
    parameter::find(key).map(|parameter| parameter.group)
}

/// Parameters with others on top, where `null` takes one away.
pub(crate) fn effective(base: &Parameters, top: &Parameters) -> Parameters {
    let mut all = overlaid(base, top);
    all.retain(|_, value| !value.is_null());
    all
}

/// Parameters with others on top.
pub(crate) fn overlaid(base: &Parameters, top: &Parameters) -> Parameters {
    let mut all = base.clone();
    all.extend(top.clone());
    sorted(all)
}

/// In the order of the manifest, with keys of a later version at the end.
pub(crate) fn sorted(parameters: Parameters) -> Parameters {
    let order = |key: &str| {
        let mut known = PARAMETERS.iter();
        known
            .position(|parameter| parameter.key == key)
            .unwrap_or(usize::MAX)
    };
    let mut all: Vec<(String, Value)> = parameters.into_iter().collect();
    all.sort_by(|(a, _), (b, _)| (order(a), a).cmp(&(order(b), b)));
    all.into_iter().collect()
}

fn tuned(code: &Parameters, overrides: &Parameters) -> Vec<Tuned> {
    let tuned = overrides.iter().map(|(parameter, value)| Tuned {
        parameter: parameter.clone(),
        value: value.clone(),
        code: code.get(parameter).cloned(),
    });
    tuned.collect()
}

fn changes(before: &AppState, after: &Effective, why: impl Fn(&str) -> Why) -> Vec<Change> {
    let mut all = differences(&before.actual_code(), &after.code, &why);
    all.extend(differences(
        &before.effective_scaling(),
        &after.scaling,
        &why,
    ));
    all
}

fn differences(from: &Parameters, to: &Parameters, why: &impl Fn(&str) -> Why) -> Vec<Change> {
    let keys = overlaid(from, to);
    let changed = keys.keys().filter(|key| from.get(*key) != to.get(*key));
    let change = |key: &String| Change {
        parameter: key.clone(),
        from: from.get(key).cloned(),
        to: to.get(key).cloned(),
        why: why(key),
    };
    changed.map(change).collect()
}
