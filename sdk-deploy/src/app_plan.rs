//! What a change does to each app: what `plan`, `tune` and `rollback` give.

use machinist_core::parameter::Group;
use serde::Serialize;
use serde_json::Value;

use crate::deployed::AppState;
use crate::history::{Change, Why};
use crate::machines::CustomMachine;
use crate::parameters::{self, Parameters};

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
    pub machines: Vec<CustomMachine>,
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

impl Plan {
    /// Whether carrying it out changes a parameter, or creates or deletes an app.
    pub fn changes_something(&self) -> bool {
        let is_kept = |app: &AppPlan| matches!(app.action, Action::Unchanged | Action::Orphaned);
        !self.apps.iter().all(is_kept)
    }
}

impl AppPlan {
    /// An app with other parameters than it has.
    pub(crate) fn with_parameters(
        name: &str,
        state: &AppState,
        code: &Parameters,
        (scaling, overrides): (&Parameters, &Parameters),
        why: Why,
    ) -> Self {
        let effective = Effective {
            code: code.clone(),
            scaling: parameters::effective(scaling, overrides),
        };
        let changes = changes(state, &effective, |_| why);
        Self {
            name: name.into(),
            action: match changes.is_empty() {
                true => Action::Unchanged,
                false => Action::Update,
            },
            binaries: state.binaries.clone(),
            machines: state.machines.clone(),
            changes,
            reset: false,
            tuned: tuned(scaling, &parameters::sorted(overrides.clone())),
            effective: Some(effective),
        }
    }

    /// Every parameter in effect.
    pub(crate) fn all_parameters(&self) -> Parameters {
        let effective = self.effective.clone().unwrap_or_default();
        let mut all = effective.code;
        all.extend(effective.scaling);
        all
    }

    /// The changes of scaling parameters.
    pub fn scaling_changes(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|change| parameters::group(&change.parameter) == Some(Group::Scaling))
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
            .retain(|change| parameters::group(&change.parameter) != Some(Group::Scaling));
        if let Some(effective) = &mut half.effective {
            let undone = self.scaling_changes().map(|change| {
                let from = change.from.clone().unwrap_or(Value::Null);
                (change.parameter.clone(), from)
            });
            effective.scaling = parameters::effective(&effective.scaling, &undone.collect());
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
        parameters::sorted(scaling)
    }
}

/// The tuned values that stay, beside what the code says.
pub(crate) fn tuned(code: &Parameters, overrides: &Parameters) -> Vec<Tuned> {
    let tuned = overrides.iter().map(|(parameter, value)| Tuned {
        parameter: parameter.clone(),
        value: value.clone(),
        code: code.get(parameter).cloned(),
    });
    tuned.collect()
}

/// The parameters that differ from what is in effect now.
pub(crate) fn changes(
    before: &AppState,
    after: &Effective,
    why: impl Fn(&str) -> Why,
) -> Vec<Change> {
    let mut all = differences(&before.actual_code(), &after.code, &why);
    all.extend(differences(
        &before.effective_scaling(),
        &after.scaling,
        &why,
    ));
    all
}

fn differences(from: &Parameters, to: &Parameters, why: &impl Fn(&str) -> Why) -> Vec<Change> {
    let change = |key: String| Change {
        from: from.get(&key).cloned(),
        to: to.get(&key).cloned(),
        why: why(&key),
        parameter: key,
    };
    let changed = parameters::changed_keys(from, to).into_iter();
    changed.map(change).collect()
}
