//! Drift of all that is deployed: what the platform has, compared with what the state records.

use machinist_core::parameter::Group;
use serde::Serialize;

use crate::app_plan::{Effective, changes};
use crate::change::{Change, Why};
use crate::deployed::{AppState, Deployed};
use crate::parameters::Overrides;

/// What differs on the platform from what was deployed, of one app.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AppDrift {
    /// The app's name.
    pub name: String,
    /// Whether the platform does not have it any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_lost: bool,
    /// What differs: from what was deployed to what is there now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

impl Deployed {
    /// The apps that are not on the platform as they were deployed. `now` is what is deployed
    /// according to the platform.
    ///
    /// ```
    /// use machinist_core::parameter::Key;
    /// use machinist_core::setting::Setting;
    /// use machinist_deploy::{AppState, Deployed, Live};
    ///
    /// let machine = Setting::List(vec!["GPU-H100".into()]);
    /// let state = AppState {
    ///     code: [(Key::MachineType, machine)].into_iter().collect(),
    ///     ..AppState::default()
    /// };
    /// let deployed = Deployed { apps: [("llm".into(), state)].into(), ..Deployed::default() };
    ///
    /// let drift = deployed.drift(&deployed.refreshed(&Live::default()));
    /// assert!(drift[0].is_lost);
    /// ```
    pub fn drift(&self, now: &Self) -> Vec<AppDrift> {
        let deployed = self.apps.iter().filter(|(_, app)| app.is_deployed());
        let drift = deployed.filter_map(|(name, app)| {
            let now = now.apps.get(name).filter(|now| now.is_there());
            let changes = now.map(|now| app.drift_until(now)).unwrap_or_default();
            let is_lost = now.is_none();
            (is_lost || !changes.is_empty()).then(|| AppDrift {
                name: name.clone(),
                is_lost,
                changes,
            })
        });
        drift.collect()
    }
}

impl AppState {
    /// What the platform has of it now, compared with what was deployed and tuned.
    fn drift_until(&self, now: &Self) -> Vec<Change> {
        let deployed = Self {
            // Drift that is on record already is drift still.
            drift: Overrides::default(),
            ..self.clone()
        };
        let effective = Effective::of_state(now);
        let mut found = changes(&deployed, &effective, |name| match name.key() {
            Some(key) if key.parameter().group == Group::Scaling => Why::Tuned,
            _ => Why::Drift,
        });
        // These say what a deploy would make of it: from what is there to what was deployed.
        let mut others = now.drift_of_artifact();
        let parameters = now.live_drift.iter();
        others.extend(
            parameters
                .filter(|change| change.what.parameter().is_some())
                .cloned(),
        );
        found.extend(others.into_iter().map(|change| Change {
            from: change.to,
            to: change.from,
            ..change
        }));
        found
    }
}
