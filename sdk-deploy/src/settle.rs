//! What is deployed after a change was carried out.

use crate::app_plan::{Action, AppPlan, Effective, Plan};
use crate::deployed::{AppState, Deployed};
use crate::history::{Change, Deploy, DeployStamp};
use crate::parameters::Overrides;

/// How many deploys the history of an app keeps.
const HISTORY_LENGTH: usize = 10;

impl Deployed {
    /// What is deployed after a plan was carried out.
    #[must_use]
    pub fn after(&self, plan: &Plan, stamp: &DeployStamp) -> Self {
        let mut after = self.clone();
        for app in &plan.apps {
            after.settle(app, stamp);
        }
        after
    }

    /// Records that one app of a plan was carried out.
    pub fn settle(&mut self, app: &AppPlan, stamp: &DeployStamp) {
        match (app.action, &app.effective) {
            (Action::Orphaned, _) => {}
            (Action::Delete, _) | (_, None) => {
                self.apps.remove(&app.name);
            }
            (_, Some(effective)) => {
                let state = self.apps.entry(app.name.clone()).or_default();
                state.settle(app, effective, stamp);
            }
        }
    }

    /// Records that an app was tuned.
    pub fn settle_tuning(&mut self, tuned: &AppPlan) {
        if let Some(state) = self.apps.get_mut(&tuned.name) {
            state.overrides.clone_from(&tuned.overrides);
        }
    }
}

impl AppState {
    /// Records the platform's name of the last deploy. A new name without changed parameters means
    /// another binary.
    pub(crate) fn record_revision(&mut self, revision: &str, stamp: &DeployStamp) {
        let last = self.history.first();
        let is_new = last.is_none_or(|last| last.serial != stamp.serial);
        if is_new && last.is_none_or(|last| last.revision.as_deref() != Some(revision)) {
            self.add_to_history(Vec::new(), stamp);
        }
        if let Some(last) = self.history.first_mut() {
            last.revision = Some(revision.into());
        }
    }

    fn settle(&mut self, app: &AppPlan, effective: &Effective, stamp: &DeployStamp) {
        self.binaries.clone_from(&app.binaries);
        self.machines.clone_from(&app.machines);
        self.code = effective.code.clone();
        self.scaling.clone_from(&app.code_scaling);
        self.overrides.clone_from(&app.overrides);
        self.drift = Overrides::default();
        if app.action != Action::Unchanged {
            self.add_to_history(app.changes.clone(), stamp);
        }
    }

    fn add_to_history(&mut self, changes: Vec<Change>, stamp: &DeployStamp) {
        let deploy = Deploy {
            serial: stamp.serial,
            time: stamp.time.clone(),
            commit: stamp.commit.clone(),
            revision: None,
            changes,
            code: self.code.clone(),
            scaling: self.scaling.clone(),
            overrides: self.overrides.clone(),
        };
        self.history.insert(0, deploy);
        self.history.truncate(HISTORY_LENGTH);
    }
}
