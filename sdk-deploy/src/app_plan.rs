//! Plans, as `plan`, `tune` and `rollback` make them: what a change does to each app.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use machinist_core::setting::Setting;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::artifact::Artifact;
use crate::change::{Change, What, Why};
use crate::cost::{CostChange, CostPerHour};
use crate::deployed::{AppState, Deployed, Owner};
use crate::machines::{self, CustomMachine};
use crate::parameters::{JsonValue, Overrides, ParameterName, Parameters};
use crate::rendering::{Contents, RenderedApp, RenderedFile, Rendering};
use crate::requirements::Requirements;

/// What a deploy would change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// What happens to each app, by name.
    pub apps: Vec<AppPlan>,
    /// Files of the target that do not say what is deployed, and are written anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stale_files: Vec<PathBuf>,
}

/// What a change does to one app.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AppPlan {
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub action: Action,
    /// The package of its code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Who has it, if it is adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The binaries that link it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Its custom machine types.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "machines::serialize"
    )]
    pub machines: Vec<CustomMachine>,
    /// What changes: parameters in the order of the manifest, then parts of what is sent.
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
    /// What the target does not carry as it is, or is probably a mistake.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "problems")]
    pub warnings: Vec<Problem>,
    /// What the platform must be set up for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// What is sent, parameters aside.
    #[serde(skip)]
    pub(crate) artifact: Option<Artifact>,
    /// What the code requires of a machine and of a deploy.
    #[serde(skip)]
    pub(crate) requires: Requirements,
    /// Whether it is deployed even if nothing changes.
    #[serde(skip)]
    pub(crate) is_forced: bool,
    /// Whether its first deploy broke off, and is repeated.
    #[serde(skip)]
    pub(crate) is_half_created: bool,
    /// What the runners that it always keeps cost.
    #[serde(skip_serializing_if = "CostChange::is_nothing")]
    pub cost_per_hour: CostChange,
    /// The scaling parameters of the code.
    #[serde(skip)]
    pub(crate) code_scaling: Parameters,
    /// The tuned values that are kept, for the state.
    #[serde(skip)]
    pub(crate) overrides: Overrides,
}

/// What happens to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Create,
    /// It runs on the platform, and was never deployed from this state.
    Adopt,
    /// Something of it changes.
    Update,
    /// Nothing of it changes: no command runs for it.
    Unchanged,
    /// It is no longer in the code, and is kept.
    Orphaned,
    /// It is no longer in the code, and is deleted.
    Delete,
}

impl Action {
    /// All actions, for the schema.
    pub(crate) const ALL: [Self; 6] = [
        Self::Create,
        Self::Adopt,
        Self::Update,
        Self::Unchanged,
        Self::Orphaned,
        Self::Delete,
    ];

    /// Whether a deploy does something with the app.
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Unchanged | Self::Orphaned)
    }
}

/// A tuned value that is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The parameter's key.
    pub parameter: ParameterName,
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
    /// Adds what a rendering says of each app: what is sent and how that differs from what is
    /// deployed, warnings and needs. An app of which only the artifact changes is an update, and so
    /// is an unchanged one that is forced.
    pub fn add_rendering(&mut self, rendering: &Rendering, deployed: &Deployed) {
        for app in &mut self.apps {
            if let Some(rendered) = rendering.apps.get(&app.name) {
                app.add_rendered(rendered, deployed.apps.get(&app.name));
            }
            if app.is_forced && app.action == Action::Unchanged {
                app.changes.push(Change::of_deployment(Why::Forced));
                app.action = Action::Update;
            }
        }
    }

    /// Notes the rendered files that are in this folder with other contents, or missing.
    pub fn find_stale_files(&mut self, rendering: &Rendering, folder: &Path) {
        let is_stale = |file: &&RenderedFile| match &file.contents {
            Contents::Text(text) => {
                fs::read_to_string(folder.join(&file.path)).ok().as_ref() != Some(text)
            }
            Contents::CopyOf(_) => false,
        };
        // Where an app changes, the file changes with it.
        let is_expected = self.changes_something();
        let stale = rendering.files.iter().filter(is_stale);
        self.stale_files = match is_expected {
            true => Vec::new(),
            false => stale.map(|file| file.path.clone()).collect(),
        };
    }

    /// The apps that it creates, changes or deletes.
    pub fn changed_apps(&self) -> impl Iterator<Item = &AppPlan> {
        self.apps.iter().filter(|app| app.action.is_change())
    }

    /// Whether it changes an app, or writes a file of the target again.
    pub fn changes_something(&self) -> bool {
        self.changed_apps().next().is_some() || !self.stale_files.is_empty()
    }
}

impl Effective {
    /// The parameters of a state, with drift and tuned values.
    pub(crate) fn of_state(state: &AppState) -> Self {
        Self {
            code: state.actual_code(),
            scaling: state.effective_scaling(),
        }
    }

    fn cost_per_hour(&self, machines: &[CustomMachine]) -> Option<CostPerHour> {
        CostPerHour::of_kept_runners(&self.code, &self.scaling, machines)
    }
}

impl AppPlan {
    /// The plan that gives a deployed app these parameters.
    pub(crate) fn with_parameters(
        name: &str,
        state: &AppState,
        code: &Parameters,
        (scaling, overrides): (&Parameters, &Overrides),
        why: Why,
    ) -> Self {
        let effective = Effective {
            code: code.clone(),
            scaling: scaling.overridden_by(overrides),
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
            tuned: tuned(scaling, overrides),
            cost_per_hour: cost_change(Some(state), Some((&effective, &state.machines))),
            effective: Some(effective),
            package: state.package.clone(),
            owner: None,
            warnings: Vec::new(),
            needs: Vec::new(),
            artifact: state.artifact.clone(),
            requires: Requirements::default(),
            is_forced: false,
            is_half_created: false,
            code_scaling: scaling.clone(),
            overrides: overrides.clone(),
        }
    }

    /// The tuned values that are kept.
    pub fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    fn add_rendered(&mut self, rendered: &RenderedApp, state: Option<&AppState>) {
        self.warnings.clone_from(&rendered.warnings);
        self.needs.clone_from(&rendered.needs);
        let Some(artifact) = &rendered.artifact else {
            return;
        };
        self.artifact = Some(artifact.clone()).filter(|artifact| *artifact != Artifact::default());
        let state = state.filter(|state| !state.is_half_created);
        if let (Some(state), Action::Update | Action::Unchanged | Action::Adopt) =
            (state, self.action)
        {
            let mut changes = state.artifact_changes(artifact);
            if self.action == Action::Adopt {
                // That others deployed it is what an adoption is.
                changes.retain(|change| !change.is_deployment());
                as_adopted(&mut changes);
            }
            self.changes.extend(changes);
            if self.action == Action::Unchanged && !self.changes.is_empty() {
                self.action = Action::Update;
            }
        }
    }

    /// The machine types of its code, in their order. Unknown ones are left out.
    pub(crate) fn machine_types(&self) -> Vec<CustomMachine> {
        let effective = self.effective.as_ref();
        effective.map_or_else(Vec::new, |effective| {
            machines::named_in(&effective.code, &self.machines)
        })
    }

    /// Every parameter in effect.
    pub(crate) fn all_parameters(&self) -> Parameters {
        let effective = self.effective.clone().unwrap_or_default();
        effective.code.and(effective.scaling)
    }

    /// The scaling parameters that change, with their new values; `None` if one is removed.
    pub fn scaling_changes(&self) -> impl Iterator<Item = (Key, Option<&Setting>)> {
        let effective = self.effective.as_ref();
        let keys = self.changes.iter().filter_map(Change::scaling_key);
        keys.map(move |key| (key, effective.and_then(|all| all.scaling.get(key))))
    }

    /// The part of the plan that is done once only the code parameters are deployed.
    pub(crate) fn without_scaling_changes(&self) -> Self {
        let mut half = self.clone();
        half.changes.retain(|change| change.scaling_key().is_none());
        let Some(effective) = &mut half.effective else {
            return half;
        };
        let before = |change: &Change| {
            let key = change.scaling_key()?;
            let from = change.from.as_ref();
            let from = from.and_then(|from| Setting::from_json(key, from).ok());
            // A value that is not valid is not recorded: the next plan sees it again.
            let is_valid = |from: &Setting| key.parameter().check(from).is_ok();
            from.as_ref().is_none_or(is_valid).then_some((key, from))
        };
        let before: Overrides = self.changes.iter().filter_map(before).collect();
        effective.scaling = effective.scaling.overridden_by(&before);
        let of_code = self.overrides.values_in(&self.code_scaling);
        half.code_scaling = effective.scaling.overridden_by(&of_code);
        half
    }
}

/// What others set for an app is no drift from what this state deployed.
pub(crate) fn as_adopted(changes: &mut [Change]) {
    for change in changes.iter_mut().filter(|change| change.why == Why::Drift) {
        change.why = Why::Code;
    }
}

/// The tuned values that are kept, with the code's values.
pub(crate) fn tuned(code: &Parameters, overrides: &Overrides) -> Vec<Tuned> {
    let code: BTreeMap<ParameterName, Value> = code.json().collect();
    let tuned = overrides.json().map(|(parameter, value)| Tuned {
        code: code.get(&parameter).cloned(),
        parameter,
        value,
    });
    tuned.collect()
}

/// What the kept runners cost before and after a change: of what is deployed now, and of these
/// parameters with these custom machine types.
pub(crate) fn cost_change(
    before: Option<&AppState>,
    after: Option<(&Effective, &[CustomMachine])>,
) -> CostChange {
    let cost_before = |state: &AppState| Effective::of_state(state).cost_per_hour(&state.machines);
    CostChange {
        from: before.and_then(cost_before),
        to: after.and_then(|(effective, machines)| effective.cost_per_hour(machines)),
    }
}

/// The changes from the parameters that are in effect now.
pub(crate) fn changes(
    before: &AppState,
    after: &Effective,
    why: impl Fn(&ParameterName) -> Why,
) -> Vec<Change> {
    let before = Effective::of_state(before);
    let mut all = differences(&before.code, &after.code, &why);
    all.extend(differences(&before.scaling, &after.scaling, &why));
    all
}

fn differences(
    from: &Parameters,
    to: &Parameters,
    why: &impl Fn(&ParameterName) -> Why,
) -> Vec<Change> {
    if from == to {
        return Vec::new();
    }
    let mut from: BTreeMap<ParameterName, Value> = from.json().collect();
    let mut to: BTreeMap<ParameterName, Value> = to.json().collect();
    let names: BTreeSet<ParameterName> = from.keys().chain(to.keys()).cloned().collect();
    let change = |parameter: ParameterName| {
        let (from, to) = (from.remove(&parameter), to.remove(&parameter));
        (from != to).then(|| Change {
            why: why(&parameter),
            what: What::Parameter(parameter),
            from,
            to,
        })
    };
    names.into_iter().filter_map(change).collect()
}

/// Problems as JSON: what is wrong, what to do, and the facts.
fn problems<S: Serializer>(problems: &[Problem], serializer: S) -> Result<S::Ok, S::Error> {
    let json = problems.iter().map(|problem| {
        let Problem {
            message,
            help,
            note,
        } = problem;
        json!({"message": message, "help": help, "note": note})
    });
    serializer.collect_seq(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<P: serde::de::DeserializeOwned>(json: &str) -> P {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn without_scaling_changes_the_scaling_is_that_of_before() {
        let state = AppState {
            code: read(r#"{"gpus": 2}"#),
            scaling: read(r#"{"keep_alive": 10, "max_concurrency": 4, "patience": 1}"#),
            overrides: read(r#"{"keep_alive": 20, "regions": ["us-west"], "patience": 2}"#),
            ..AppState::default()
        };
        let code = read(r#"{"gpus": 4}"#);
        let scaling = read(r#"{"keep_alive": 30, "scaling_delay": 5, "patience": 3}"#);
        let plan = AppPlan::with_parameters(
            "llm",
            &state,
            &code,
            (&scaling, &state.overrides),
            Why::Code,
        );
        let half = plan.without_scaling_changes();
        let effective = half.effective.unwrap();
        assert_eq!(effective.code, code);
        assert_eq!(effective.scaling, state.effective_scaling());
        assert_eq!(half.overrides, state.overrides);
        // What is tuned has the code's new values, since they are not in effect.
        let expected = read(r#"{"keep_alive": 30, "max_concurrency": 4, "patience": 3}"#);
        assert_eq!(half.code_scaling, expected);
    }
}
