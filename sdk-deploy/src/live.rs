//! What a platform reports, compared with what is known.

use std::collections::BTreeMap;

use machinist_core::parameter::{Group, Key};
use machinist_core::setting::Setting;

use crate::change::{Change, What, Why};
use crate::deployed::{AppState, Deployed, Owner};
use crate::history::{Deploy, DeployKind};
use crate::manifest::{App, Manifest};
use crate::parameters::{JsonValue, Overrides, ParameterName, Parameters, is_same_value};

/// What a platform reports.
///
/// ```
/// use machinist_core::parameter::Key;
/// use machinist_core::setting::Setting;
/// use machinist_deploy::{AppState, Deployed, Live, LiveApp};
///
/// let machine = |name: &str| Setting::List(vec![name.into()]);
/// let state = AppState {
///     code: [(Key::MachineType, machine("GPU-H100"))].into_iter().collect(),
///     ..AppState::default()
/// };
/// let deployed = Deployed { apps: [("llm".into(), state)].into(), ..Deployed::default() };
///
/// // Somebody changed the machine in a dashboard.
/// let app = LiveApp {
///     parameters: [(Key::MachineType, Some(machine("GPU-A100")))].into_iter().collect(),
///     ..LiveApp::default()
/// };
/// let live = Live { apps: [("llm".into(), app)].into() };
/// let drift = &deployed.refreshed(&live).apps["llm"].drift;
/// assert_eq!(drift.get(Key::MachineType), Some(&Some(machine("GPU-A100"))));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The apps by name.
    pub apps: BTreeMap<String, LiveApp>,
}

/// What a platform reports of one app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveApp {
    /// The parameters that it reports, with defaults; `None` if one is not set. Other parameters
    /// it does not report.
    pub parameters: Overrides,
    /// Its name for the app's last deploy.
    pub revision: Option<String>,
    /// The image that runs, if the platform reports it. Then a deploy by others is seen by what it
    /// changed, and a new revision alone means nothing: tuning makes one too.
    pub image: Option<String>,
    /// Who may call the app, if the platform reports it.
    pub auth: Option<String>,
    /// What a deploy would remove or restore, because somebody changed it outside the code: names, and
    /// never values.
    pub extras: Vec<Change>,
    /// Whether the platform says that somebody else has it.
    pub is_foreign: bool,
    /// Who has it, if the platform knows.
    pub owner: Option<String>,
    /// Whether our own first deploy of it broke off, if the platform knows that.
    pub is_half_created: Option<bool>,
}

impl Deployed {
    /// What is deployed according to the platform. Scaling that differs was tuned there. Code
    /// parameters that differ are drift. Of an app that the platform does not have, the tuned
    /// values and the history are kept.
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
            place: self.place.clone(),
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
                    .insert(app.name.clone(), AppState::found(app, live));
            }
        }
        self
    }
}

impl AppState {
    fn refreshed(&self, live: &LiveApp) -> Self {
        let mut state = self.clone();
        // A first deploy that was begun may have ended after all, without being recorded.
        let is_ours = self.is_half_created && !self.is_deployed() && !live.is_foreign;
        state.is_half_created = is_ours || live.is_half_created.unwrap_or(false);
        if state.is_half_created {
            // What it has there is no tuning.
            return state;
        }
        if !self.is_deployed() && !self.is_found {
            let Some(last) = self.last_deploy_named(live.revision.as_ref()) else {
                // Somebody else deployed an app of this name. The tuned values are for our first
                // deploy of it.
                state.owner = Some(Owner::Platform(live.owner.clone()));
                return state;
            };
            // The platform did not list the app for a while.
            state.code.clone_from(&last.code);
            state.scaling.clone_from(&last.scaling);
            state.artifact.clone_from(&last.artifact);
            return state.refreshed(live);
        }
        let scaling = self.effective_scaling();
        state.drift = Overrides::default();
        let mut invalid = Vec::new();
        for (key, live) in live.parameters.iter() {
            if let Some(begun) = self.begun_scaling.get(key) {
                if is_same_value(key, begun.as_ref(), live.as_ref()) {
                    state.set_scaling_of_code(key, begun.as_ref());
                    continue;
                }
            }
            let (known, others) = match key.parameter().group {
                Group::Scaling => (&scaling, &mut state.overrides),
                Group::Code => (&self.code, &mut state.drift),
            };
            if is_same_value(key, known.get(key), live.as_ref()) {
                continue;
            }
            let parameter = key.parameter();
            let is_valid = |value| parameter.check(value).is_ok();
            match parameter.group == Group::Code || live.as_ref().is_none_or(is_valid) {
                true => drop(others.insert(key, live.clone())),
                // Nobody could tune it to that here, so it is not kept.
                false => invalid.push(Change {
                    what: What::Parameter(ParameterName::Known(key)),
                    from: live.as_ref().map(Setting::to_json),
                    to: known.get(key).map(Setting::to_json),
                    why: Why::Drift,
                }),
            }
        }
        if live.image.is_none() && state.is_of_others(live.revision.as_ref()) {
            // Somebody deployed it without this state.
            state.artifact = None;
        }
        state.live_auth.clone_from(&live.auth);
        state.live_image.clone_from(&live.image);
        let extras = live.extras.iter().cloned();
        state.live_drift = extras.chain(invalid).collect();
        if live.is_foreign {
            state.owner = Some(Owner::Platform(live.owner.clone()));
        }
        state
    }

    /// Takes over a value of the code that an interrupted deploy has set on the platform.
    fn set_scaling_of_code(&mut self, key: Key, value: Option<&Setting>) {
        let name = ParameterName::Known(key);
        self.overrides.remove(&name);
        // Once it is known, the same value may be tuned.
        self.begun_scaling.remove(&name);
        match value {
            Some(value) => drop(self.scaling.insert(key, value.clone())),
            None => self.scaling.remove(&name),
        }
    }

    /// The last deploy, if the platform gave it this name.
    fn last_deploy_named(&self, revision: Option<&String>) -> Option<&Deploy> {
        let mut deploys = self.history.iter();
        let last = deploys.find(|deploy| deploy.kind != DeployKind::Tuning)?;
        (revision.is_some() && last.revision.as_ref() == revision).then_some(last)
    }

    /// Whether a deploy that is not on record has this name on the platform.
    fn is_of_others(&mut self, revision: Option<&String>) -> bool {
        let mut deploys = self.history.iter_mut();
        let last = deploys.find(|deploy| deploy.kind != DeployKind::Tuning);
        match last {
            Some(last) if last.revision.is_none() => {
                // A deploy that was killed before it asked for the name.
                last.revision = revision.cloned();
                false
            }
            last => last.and_then(|last| last.revision.as_ref()) != revision,
        }
    }

    /// An app that the platform does not have any more. Its tuned values are for its next deploy.
    fn removed_from_platform(&self) -> Self {
        Self {
            package: self.package.clone(),
            overrides: self.overrides.clone(),
            history: self.history.clone(),
            ..Self::default()
        }
    }

    /// An app that the platform has, but that was not deployed from this state, or not completely.
    fn found(app: &App, live: &LiveApp) -> Self {
        if live.is_half_created == Some(true) {
            return Self {
                is_found: true,
                is_half_created: true,
                ..Self::default()
            };
        }
        let unknown = Self {
            binaries: app.binaries.clone(),
            machines: app.machines.clone(),
            scaling: app.scaling.clone(),
            package: app.package.clone(),
            owner: Some(Owner::Platform(live.owner.clone())),
            is_found: true,
            ..Self::default()
        };
        let mut adopted = unknown.refreshed(live);
        adopted.code = Parameters::default().overridden_by(&adopted.drift);
        adopted.drift = Overrides::default();
        adopted
    }
}
