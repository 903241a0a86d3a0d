//! What a deploy would change: the manifest against the state.
//!
//! The rule of redeploy: code parameters are the manifest's, always. Scaling parameters are the
//! manifest's with what was tuned since on top, unless that is reset. An app that is gone from the
//! code is kept, unless it is pruned.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::{App, Manifest};
use crate::state::{AppState, State};

/// Parameters by key, in the order of the manifest.
pub type Parameters = Map<String, Value>;

/// What a deploy may do beyond putting the code's values in place.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose tuned values are dropped.
    pub reset_scaling: Reset,
    /// Whether apps that are gone from the code are deleted.
    pub prune: bool,
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
    /// The parameters that change, in the order of the manifest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
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
}

/// A tuned value that stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The parameter's key.
    pub parameter: String,
    /// The tuned value.
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
/// use machinist_deploy::{Action, Manifest, Options, State, plan};
///
/// let manifest = Manifest::parse(
///     r#"{"manifest_version": 1, "apps": [{
///         "name": "llm", "package": "studio", "version": "0.1.0",
///         "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///         "code": {"machine_type": ["GPU-H100"], "gpus": 2}
///     }]}"#,
/// )?;
/// let plan = plan(&manifest, &State::new(), &Options::default());
/// assert_eq!(plan.apps[0].action, Action::Create);
/// # Ok::<(), machinist_deploy::ManifestError>(())
/// ```
pub fn plan(manifest: &Manifest, state: &State, options: &Options) -> Plan {
    let mut apps = BTreeMap::new();
    for app in &manifest.apps {
        let reset = options.reset_scaling.includes(&app.name);
        apps.insert(&app.name, deploy(app, state.apps.get(&app.name), reset));
    }
    for (name, state) in &state.apps {
        apps.entry(name)
            .or_insert_with(|| gone(name, state, options.prune));
    }
    Plan {
        apps: apps.into_values().collect(),
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
        scaling: overlaid(&app.scaling, &overrides),
    };

    let why_code = |key: &str| match before.code.get(key) == app.code.get(key) {
        true => Why::PutBack,
        false => Why::Code,
    };
    let why_scaling = |key: &str| match reset && before.overrides.contains_key(key) {
        true => Why::Reset,
        false => Why::Code,
    };
    let mut changes = changes(&before.actual_code(), &effective.code, why_code);
    changes.extend(self::changes(
        &before.effective_scaling(),
        &effective.scaling,
        why_scaling,
    ));

    let action = match (state, changes.is_empty()) {
        (None, _) => Action::Create,
        (Some(_), true) => Action::Unchanged,
        (Some(_), false) => Action::Update,
    };
    let tuned = overrides.into_iter().map(|(parameter, value)| {
        let code = app.scaling.get(&parameter).cloned();
        Tuned {
            parameter,
            value,
            code,
        }
    });
    let name = app.name.clone();
    AppPlan {
        name,
        action,
        changes,
        tuned: tuned.collect(),
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
        changes: Vec::new(),
        tuned: Vec::new(),
        effective: (!prune).then_some(effective),
    }
}

impl AppPlan {
    /// What the code says of scaling: what is in effect, but for what stays tuned.
    pub(crate) fn scaling_of_the_code(&self) -> Parameters {
        let mut scaling = self.effective.clone().unwrap_or_default().scaling;
        for tuned in &self.tuned {
            match &tuned.code {
                Some(value) => scaling.insert(tuned.parameter.clone(), value.clone()),
                None => scaling.shift_remove(&tuned.parameter),
            };
        }
        scaling
    }
}

/// Parameters with others on top.
pub(crate) fn overlaid(base: &Parameters, top: &Parameters) -> Parameters {
    let mut all = base.clone();
    all.extend(top.clone());
    sorted(all)
}

/// In the order of the manifest, with keys of a later version at the end.
fn sorted(parameters: Parameters) -> Parameters {
    let order = |key: &str| {
        let mut known = machinist_core::parameter::PARAMETERS.iter();
        known
            .position(|parameter| parameter.key == key)
            .unwrap_or(usize::MAX)
    };
    let mut all: Vec<(String, Value)> = parameters.into_iter().collect();
    all.sort_by(|(a, _), (b, _)| (order(a), a).cmp(&(order(b), b)));
    all.into_iter().collect()
}

fn changes(from: &Parameters, to: &Parameters, why: impl Fn(&str) -> Why) -> Vec<Change> {
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
