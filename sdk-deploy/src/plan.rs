//! What a deploy would change: the manifest compared with the state.
//!
//! The rule of redeploy: code parameters always come from the manifest. Scaling parameters come
//! from the manifest, and tuned values override them until they are reset. An app that is no longer
//! in the code is kept unless it is pruned.

use std::collections::{BTreeMap, BTreeSet};

use crate::app_plan::{Action, AppPlan, Effective, Plan, as_adopted, changes, cost_change, tuned};
use crate::change::Why;
use crate::deployed::{AppState, Deployed, add_drift};
use crate::manifest::{App, Manifest};
use crate::parameters::{Overrides, Parameters};
use crate::requirements::Requirements;

/// What a deploy may do beyond applying the code's values.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose tuned values are dropped.
    pub reset_scaling: AppSet,
    /// Whether unchanged apps are deployed too.
    pub force: bool,
    /// Whether apps that are no longer in the code are deleted.
    pub prune: bool,
    /// Binaries that exist and were not read. Apps linked only by these binaries are left out of
    /// the plan.
    pub not_read: BTreeSet<String>,
    /// Apps of the same state that are deployed by themselves. They are left out of the plan.
    pub elsewhere: BTreeSet<String>,
}

/// Some apps, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AppSet {
    /// None.
    #[default]
    Nothing,
    /// These.
    Apps(BTreeSet<String>),
    /// All of them.
    Everything,
}

impl AppSet {
    /// Whether an app is one of them.
    pub fn includes(&self, app: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Apps(apps) => apps.contains(app),
            Self::Everything => true,
        }
    }
}

/// Compares the code with what is deployed. The plan depends on nothing else, and nothing is
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
        let plan = plan_deploy(app, deployed.apps.get(&app.name), options);
        apps.insert(&app.name, plan);
    }
    for (name, state) in &deployed.apps {
        let is_left_out = options.is_unread(state) || options.elsewhere.contains(name);
        if state.is_there() && !is_left_out {
            apps.entry(name)
                .or_insert_with(|| plan_removed(name, state, options.prune));
        }
    }
    Plan {
        apps: apps.into_values().collect(),
        stale_files: Vec::new(),
    }
}

fn plan_deploy(app: &App, state: Option<&AppState>, options: &Options) -> AppPlan {
    let reset = options.reset_scaling.includes(&app.name);
    let empty = AppState::default();
    // An app that is not deployed may have tuned values for its first deploy, after a rename.
    let tuned_before = |state: &AppState| AppState {
        overrides: state.overrides.clone(),
        ..AppState::default()
    };
    let half_created = state
        .filter(|state| state.is_half_created)
        .map(tuned_before);
    let before = half_created.as_ref().or(state).unwrap_or(&empty);
    let owner = match half_created {
        Some(_) => None,
        None => state.and_then(|state| state.owner_for(&app.package)),
    };
    let state = state.filter(|state| state.is_deployed() && !state.is_half_created);
    let overrides = if reset {
        Overrides::default()
    } else {
        before.overrides.clone()
    };
    let effective = Effective {
        code: app.code.clone(),
        scaling: app.scaling.overridden_by(&overrides),
    };
    let mut changes = changes(before, &effective, |name| {
        if reset && before.overrides.contains_name(name) {
            Why::Reset
        } else if before.drift.contains_name(name) && before.code.has_same(name, &app.code) {
            Why::Drift
        } else {
            Why::Code
        }
    });
    let drift = before.live_drift.iter();
    add_drift(
        &mut changes,
        drift.filter(|drift| drift.what.parameter().is_some()),
    );
    let action = match (state, &owner, changes.is_empty()) {
        (_, Some(_), _) => Action::Adopt,
        (None, None, _) => Action::Create,
        (Some(_), None, true) => Action::Unchanged,
        (Some(_), None, false) => Action::Update,
    };
    if action == Action::Adopt {
        as_adopted(&mut changes);
    }
    AppPlan {
        name: app.name.clone(),
        action,
        package: app.package.clone(),
        owner,
        warnings: Vec::new(),
        needs: Vec::new(),
        artifact: None,
        requires: app.requires.clone(),
        is_forced: options.force,
        is_half_created: half_created.is_some(),
        binaries: app.binaries.clone(),
        machines: app.machines.clone(),
        changes,
        reset,
        tuned: tuned(&app.scaling, &overrides),
        cost_per_hour: cost_change(state, Some((&effective, &app.machines))),
        effective: Some(effective),
        code_scaling: app.scaling.clone(),
        overrides,
    }
}

/// The plan that deletes a deployed app.
pub fn removal(name: &str, state: &AppState) -> Plan {
    Plan {
        apps: vec![plan_removed(name, state, true)],
        stale_files: Vec::new(),
    }
}

fn plan_removed(name: &str, state: &AppState, prune: bool) -> AppPlan {
    let effective = (!prune).then(|| Effective::of_state(state));
    let after = effective
        .as_ref()
        .map(|effective| (effective, &*state.machines));
    AppPlan {
        name: name.into(),
        action: if prune {
            Action::Delete
        } else {
            Action::Orphaned
        },
        package: state.package.clone(),
        owner: None,
        warnings: Vec::new(),
        needs: Vec::new(),
        artifact: None,
        requires: Requirements::default(),
        is_forced: false,
        is_half_created: false,
        binaries: state.binaries.clone(),
        machines: state.machines.clone(),
        changes: Vec::new(),
        reset: false,
        tuned: Vec::new(),
        cost_per_hour: cost_change(Some(state), after),
        effective,
        code_scaling: Parameters::default(),
        overrides: Overrides::default(),
    }
}

impl Plan {
    /// Apps that were probably renamed: the only one that is new and the only one that is gone, of
    /// one package.
    pub fn renamed(&self) -> Vec<(&str, &str)> {
        let mut by_package: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
        for app in self.apps.iter().filter(|app| !app.package.is_empty()) {
            let (gone, new) = by_package.entry(&app.package).or_default();
            match app.action {
                Action::Orphaned | Action::Delete => gone.push(&app.name),
                Action::Create => new.push(&app.name),
                Action::Adopt | Action::Update | Action::Unchanged => {}
            }
        }
        let pairs = by_package.into_values();
        let pairs = pairs.filter_map(|(gone, new)| match (&*gone, &*new) {
            ([old], [new]) => Some((*old, *new)),
            _ => None,
        });
        pairs.collect()
    }
}

impl Options {
    /// Whether only unread binaries link an app, so that the code may still have it.
    pub fn is_unread(&self, app: &AppState) -> bool {
        let mut binaries = app.binaries.iter();
        !app.binaries.is_empty() && binaries.all(|binary| self.not_read.contains(binary))
    }
}
