//! What a platform reports, compared with what is known.

use std::collections::BTreeMap;

use machinist_core::parameter::Group;

use crate::deployed::{AppState, Deployed};
use crate::manifest::{App, Manifest};
use crate::parameters::{self, Parameters};

/// What a platform reports.
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

/// What a platform reports of one app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveApp {
    /// The parameters that it reports, with defaults. Other parameters it does not report.
    pub parameters: Parameters,
    /// Its name for the app's last deploy.
    pub revision: Option<String>,
}

impl Deployed {
    /// What is deployed according to the platform. Scaling that differs was tuned there. Code
    /// parameters that differ are drift. Of an app that the platform does not have, only the
    /// history is kept.
    #[must_use]
    pub fn refreshed(&self, live: &Live) -> Self {
        let refreshed = |(name, state): (&String, &AppState)| {
            let state = match live.apps.get(name) {
                Some(live) => state.refreshed(live),
                None => state.removed_from_platform(),
            };
            (name.clone(), state)
        };
        Self {
            apps: self.apps.iter().map(refreshed).collect(),
        }
    }

    /// Adds the apps of the code that the platform has and the state does not. Their scaling there
    /// counts as tuned.
    #[must_use]
    pub fn with_found(mut self, live: &Live, manifest: &Manifest) -> Self {
        for app in &manifest.apps {
            if let (Some(live), false) =
                (live.apps.get(&app.name), self.apps.contains_key(&app.name))
            {
                self.apps
                    .insert(app.name.clone(), AppState::adopted(app, live));
            }
        }
        self
    }
}

impl AppState {
    fn refreshed(&self, live: &LiveApp) -> Self {
        let mut state = self.clone();
        let scaling = self.effective_scaling();
        state.drift = Parameters::new();
        for (key, value) in &live.parameters {
            let is_scaling = parameters::group(key) == Some(Group::Scaling);
            if is_scaling && !parameters::is_same_value(key, scaling.get(key), value) {
                state.overrides.insert(key.clone(), value.clone());
            }
            if !is_scaling && !parameters::is_same_value(key, self.code.get(key), value) {
                state.drift.insert(key.clone(), value.clone());
            }
        }
        state.overrides = parameters::sorted(state.overrides);
        let last = self.history.first().and_then(|last| last.revision.as_ref());
        if live.revision.as_ref() != last {
            // Somebody deployed it without this state.
            state.artifact = None;
        }
        state
    }

    /// An app that the platform does not have any more. Its tuned values are lost.
    fn removed_from_platform(&self) -> Self {
        Self {
            history: self.history.clone(),
            ..Self::default()
        }
    }

    /// An app that the platform has, but that was not deployed from this state.
    fn adopted(app: &App, live: &LiveApp) -> Self {
        let unknown = Self {
            binaries: app.binaries.clone(),
            machines: app.machines.clone(),
            scaling: app.scaling.clone(),
            ..Self::default()
        };
        let mut adopted = unknown.refreshed(live);
        adopted.code = std::mem::take(&mut adopted.drift);
        adopted
    }
}
