//! What is deployed after a change was carried out.

use crate::app_plan::{Action, AppPlan, Effective, Plan};
use crate::change::{Change, Why};
use crate::deployed::{AppState, Deployed};
use crate::history::{Deploy, DeployKind, DeployStamp};
use crate::parameters::Overrides;

/// How many deploys the history of an app keeps.
const HISTORY_LENGTH: usize = 10;

/// How many tunings it keeps.
const MAX_TUNINGS: usize = 90;

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

    /// Records that the commands of an app are about to run. If they do not end, it is not known
    /// what the platform has; `is_reported` says whether the platform tells that of deployed apps.
    pub(crate) fn begin(&mut self, app: &AppPlan, is_reported: bool) {
        if app.action == Action::Create {
            let state = self.apps.entry(app.name.clone()).or_default();
            state.is_half_created = true;
            state.is_found = false;
            state.package.clone_from(&app.package);
            state.binaries.clone_from(&app.binaries);
            state.machines.clone_from(&app.machines);
            return;
        }
        let Some(state) = self.apps.get_mut(&app.name) else {
            return;
        };
        match is_reported {
            true => {
                let scaling = app.scaling_changes();
                let scaling = scaling.map(|(key, value)| (key, value.cloned()));
                state.begun_scaling = scaling.collect();
            }
            false => state.is_interrupted = true,
        }
    }

    /// Undoes [`begin`](Self::begin), because no command of the app ran.
    pub(crate) fn take_back(&mut self, app: &AppPlan) {
        let state = self.apps.get_mut(&app.name);
        let Some(state) = state.filter(|_| app.action == Action::Create) else {
            return;
        };
        state.is_half_created = false;
        if state.history.is_empty() && state.overrides.is_empty() {
            self.apps.remove(&app.name);
        }
    }

    /// Records that an app was tuned.
    pub fn settle_tuning(&mut self, tuned: &AppPlan, stamp: &DeployStamp) {
        let Some(state) = self.apps.get_mut(&tuned.name) else {
            return;
        };
        state.overrides.clone_from(&tuned.overrides);
        if !tuned.changes.is_empty() {
            state.add_to_history(DeployKind::Tuning, tuned.changes.clone(), stamp);
        }
    }
}

impl AppPlan {
    /// What kind of change it is in the history.
    fn kind(&self) -> DeployKind {
        let mut reasons = self.changes.iter().map(|change| change.why);
        match reasons.any(|why| why == Why::RolledBack) {
            true => DeployKind::Rollback,
            false => DeployKind::Deploy,
        }
    }
}

impl AppState {
    /// Records the platform's name of the deploy of this stamp. A new name of an app that it left
    /// alone is not its deploy: some platforms name tunings too.
    pub(crate) fn record_revision(&mut self, revision: &str, stamp: &DeployStamp) {
        let last = self.history.first_mut();
        if let Some(last) = last.filter(|last| last.serial == stamp.serial) {
            last.revision = Some(revision.into());
        }
    }

    fn settle(&mut self, app: &AppPlan, effective: &Effective, stamp: &DeployStamp) {
        self.package.clone_from(&app.package);
        self.forget_live();
        self.is_half_created = false;
        self.is_interrupted = false;
        self.begun_scaling = Overrides::default();
        self.binaries.clone_from(&app.binaries);
        self.machines.clone_from(&app.machines);
        self.code = effective.code.clone();
        self.scaling.clone_from(&app.code_scaling);
        self.overrides.clone_from(&app.overrides);
        self.drift = Overrides::default();
        self.artifact.clone_from(&app.artifact);
        if app.action != Action::Unchanged {
            self.add_to_history(app.kind(), app.changes.clone(), stamp);
        }
    }

    fn add_to_history(&mut self, kind: DeployKind, changes: Vec<Change>, stamp: &DeployStamp) {
        let deploy = Deploy {
            kind,
            serial: stamp.serial,
            by: stamp.by.clone(),
            artifact: self.artifact.clone(),
            machines: self.machines.clone(),
            time: stamp.time.clone(),
            commit: stamp.commit.clone(),
            revision: None,
            changes,
            code: self.code.clone(),
            scaling: self.scaling.clone(),
            overrides: self.overrides.clone(),
        };
        self.history.insert(0, deploy);
        self.forget_old_history();
    }

    /// Keeps the last deploys and rollbacks, and the last tunings between them: many tunings do not
    /// push a deploy out, which a rollback needs.
    fn forget_old_history(&mut self) {
        let (mut deploys, mut tunings) = (0, 0);
        self.history.retain(|entry| match entry.kind {
            DeployKind::Tuning => {
                tunings += 1;
                deploys < HISTORY_LENGTH && tunings <= MAX_TUNINGS
            }
            DeployKind::Deploy | DeployKind::Rollback => {
                deploys += 1;
                deploys <= HISTORY_LENGTH
            }
        });
    }
}
