//! Plans, as `plan`, `tune` and `rollback` make them: what a change does to each app.

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

/// What a change does to one app.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AppPlan {
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub action: Action,
    /// The binaries that link it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Its custom machine types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<CustomMachine>,
    /// The parameters that change, in the order of the manifest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Whether tuned values are dropped, even those that only the platform has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Tuned values that are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuned: Vec<Tuned>,
    /// The parameters in effect afterwards; `None` if the app is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
}

/// What happens to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Create,
    /// Its parameters change.
    Update,
    /// Its parameters do not change.
    Unchanged,
    /// It is no longer in the code, and is kept.
    Orphaned,
    /// It is no longer in the code, and is deleted.
    Delete,
}

/// A tuned value that is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The parameter's key.
    pub parameter: String,
    /// The tuned value; `null` if tuning removed the code's value.
    pub value: Value,
    /// The code's value, which is not applied.
    pub code: Option<Value>,
}

/// The parameters in effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effective {
    /// The code parameters.
    pub code: Parameters,
    /// The scaling parameters, with tuned values.
    pub scaling: Parameters,
}

impl Plan {
    /// Whether it changes a parameter, or creates or deletes an app.
    pub fn changes_something(&self) -> bool {
        let is_kept = |app: &AppPlan| matches!(app.action, Action::Unchanged | Action::Orphaned);
        !self.apps.iter().all(is_kept)
    }
}

impl AppPlan {
    /// The plan that gives a deployed app these parameters.
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

    /// The tuned values that are kept.
    pub(crate) fn overrides(&self) -> Parameters {
        let tuned = self.tuned.iter();
        tuned
            .map(|tuned| (tuned.parameter.clone(), tuned.value.clone()))
            .collect()
    }

    /// The part of the plan that is done once only the code parameters are deployed.
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

    /// The scaling parameters of the code: those in effect, without tuned values.
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

/// The tuned values that are kept, with the code's values.
pub(crate) fn tuned(code: &Parameters, overrides: &Parameters) -> Vec<Tuned> {
    let tuned = overrides.iter().map(|(parameter, value)| Tuned {
        parameter: parameter.clone(),
        value: value.clone(),
        code: code.get(parameter).cloned(),
    });
    tuned.collect()
}

/// The changes from the parameters that are in effect now.
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
