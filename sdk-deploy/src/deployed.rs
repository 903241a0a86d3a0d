//! What is deployed to one target.

use std::collections::BTreeMap;

use machinist_core::name::{is_dns_label, kebab_case};
use machinist_core::problem::{Problem, first_names};
use machinist_core::text::visible;
use serde::{Deserialize, Serialize};

use crate::artifact::{self, Artifact};
use crate::change::{ArtifactPart, Change, What, Why};
use crate::history::{Deploy, DeployKind};
use crate::machines::{self, CustomMachine};
use crate::parameters::{Overrides, Parameters, tunable};

/// What is deployed to one target.
///
/// ```
/// use machinist_core::attribute::Value;
/// use machinist_deploy::{DeployStamp, Deployed, Manifest, Options, plan};
///
/// let manifest = Manifest::parse(
///     r#"{"manifest_version": 1, "apps": [{
///         "name": "llm", "package": "studio", "version": "0.1.0",
///         "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///         "code": {"machine_type": ["GPU-H100"], "gpus": 2}, "scaling": {"keep_alive": 300}
///     }]}"#,
/// )?;
/// let first = plan(&manifest, &Deployed::default(), &Options::default());
/// let mut deployed = Deployed::default().after(&first, &DeployStamp::now(1, None));
///
/// // What is tuned stays through the next deploy.
/// let values = [("keep_alive".to_owned(), Value::Text("10m".into()))];
/// let tuned = deployed.tune("llm", &values, &[])?;
/// deployed.settle_tuning(&tuned, &DeployStamp::now(2, None));
/// let second = plan(&manifest, &deployed, &Options::default());
/// assert_eq!(second.apps[0].tuned[0].value, 600);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    /// The apps by name.
    #[serde(default)]
    pub apps: BTreeMap<String, AppState>,
    /// Where they are, as far as that was known when they were deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Who has an app that was never deployed from this state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Somebody else on the platform; with a name, if the platform knows one.
    Platform(Option<String>),
    /// Another package of this state.
    Package(String),
}

/// What is deployed of one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppState {
    /// The package of its code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// The binaries that linked it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Its custom machine types.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "machines")]
    pub machines: Vec<CustomMachine>,
    /// What was sent to the platform, parameters aside; `None` if that is not known.
    #[serde(
        default,
        deserialize_with = "artifact::recorded",
        skip_serializing_if = "Option::is_none"
    )]
    pub artifact: Option<Artifact>,
    /// The deployed code parameters; empty if the platform does not have the app any more.
    pub code: Parameters,
    /// The scaling parameters of the code when it was deployed.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub scaling: Parameters,
    /// The scaling parameters that were tuned since; `null` if tuning removed one.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub overrides: Overrides,
    /// Drift: the code parameters that were changed outside the code; `null` if one was removed.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub drift: Overrides,
    /// Drift of what is not a parameter, as the platform reports it now.
    #[serde(skip)]
    pub live_drift: Vec<Change>,
    /// Who may call the app, as the platform reports it now.
    #[serde(skip)]
    pub live_auth: Option<String>,
    /// The image that runs, as the platform reports it now.
    #[serde(skip)]
    pub live_image: Option<String>,
    /// Who has the app on the platform, if it was never deployed from this state.
    #[serde(skip)]
    pub owner: Option<Owner>,
    /// Whether it was only found on the platform, and is not in the state.
    #[serde(skip)]
    pub is_found: bool,
    /// Whether its first deploy was begun and did not end, so that it is to be deployed from the
    /// beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_half_created: bool,
    /// Whether a change was begun and did not end: what the platform has is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_interrupted: bool,
    /// The scaling that a change which did not end was to set: where the platform has it, nobody
    /// tuned it. `null` where a value was to be removed.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub begun_scaling: Overrides,
    /// The last changes that were carried out, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Deploy>,
}

impl Deployed {
    /// What the state records of it: without what the platform reports at this moment.
    #[must_use]
    pub(crate) fn recorded(&self) -> Self {
        let mut recorded = self.clone();
        let nothing = AppState::default();
        recorded
            .apps
            .retain(|_, app| !app.is_found && *app != nothing);
        recorded.apps.values_mut().for_each(AppState::forget_live);
        recorded
    }

    /// The names of the apps that are deployed.
    pub fn names(&self) -> Vec<&str> {
        let deployed = self.apps.iter().filter(|(_, state)| state.is_deployed());
        deployed.map(|(name, _)| name.as_str()).collect()
    }

    /// Checks that a change goes to the place that this describes.
    ///
    /// # Errors
    ///
    /// When it goes to another one.
    ///
    /// ```
    /// use machinist_deploy::Deployed;
    ///
    /// let place = Some("context prod, namespace models".to_owned());
    /// let deployed = Deployed { place, ..Deployed::default() };
    /// assert!(deployed.check_place("knative", Some("context dev, namespace models")).is_err());
    /// ```
    pub fn check_place(&self, target: &str, place: Option<&str>) -> Result<(), Problem> {
        match (self.place.as_deref(), place) {
            (Some(known), Some(place)) if known != place => Err(Problem::new(format!(
                "the state describes {target} at `{known}`, and this is `{place}`"
            ))
            .help(format!(
                "choose `{known}`, or give the other place a state of its own with `--state FILE`"
            ))
            .note("if both are names of one place, write the new one as `place` into the state")),
            _ => Ok(()),
        }
    }

    /// A deployed app.
    ///
    /// # Errors
    ///
    /// When it is not deployed, with the apps that are.
    pub fn find(&self, app: &str) -> Result<&AppState, Problem> {
        match self.apps.get(app) {
            Some(state) if state.is_deployed() => Ok(state),
            Some(state) if state.is_half_created => {
                let message = format!("the first deploy of `{app}` broke off");
                Err(Problem::new(message).help(format!(
                    "deploy it again, or delete it with `cargo machinist destroy {app}`"
                )))
            }
            _ => Err(self.unknown_app(app)),
        }
    }

    /// An app of which something is on record, whether it is deployed or not.
    ///
    /// # Errors
    ///
    /// When there is nothing of it, with the apps that are deployed.
    pub fn find_known(&self, app: &str) -> Result<&AppState, Problem> {
        self.apps.get(app).ok_or_else(|| self.unknown_app(app))
    }

    /// Gives the tuned values and the history of an app to its new name. The old app stays until it
    /// is deleted.
    ///
    /// # Errors
    ///
    /// When the old one is not deployed, or the new one is, or is no name of an app.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), Problem> {
        let state = self.find(old)?;
        if !is_dns_label(new) {
            let problem = Problem::new(format!("invalid app name `{}`", visible(new)));
            return Err(problem.help(format!("the code has a name like `{}`", kebab_case(new))));
        }
        if self.apps.get(new).is_some_and(AppState::is_there) {
            let message = format!("an app `{new}` is deployed already");
            return Err(Problem::new(message)
                .help("tune it with `cargo machinist scale`: it has values of its own"));
        }
        let history = state.history.iter().cloned().map(|deploy| Deploy {
            // The platform's names are those of the old app.
            revision: None,
            ..deploy
        });
        let renamed = AppState {
            package: state.package.clone(),
            overrides: state.overrides.clone(),
            history: history.collect(),
            ..AppState::default()
        };
        self.apps.insert(new.into(), renamed);
        Ok(())
    }

    fn unknown_app(&self, given: &str) -> Problem {
        let problem = Problem::new(format!("no app `{}` is deployed", visible(given)));
        let names = self.names();
        match names.is_empty() {
            true => problem.help("deploy it with `cargo machinist deploy`"),
            false => problem.suggest("deployed app", given, &names),
        }
    }
}

impl AppState {
    /// Whether it is deployed completely.
    pub fn is_deployed(&self) -> bool {
        !self.code.is_empty()
    }

    /// Whether the platform has it, or something of it.
    pub fn is_there(&self) -> bool {
        self.is_deployed() || self.is_half_created
    }

    /// Forgets what the platform reports at this moment.
    pub(crate) fn forget_live(&mut self) {
        self.live_drift = Vec::new();
        self.live_auth = None;
        self.live_image = None;
        self.owner = None;
        self.is_found = false;
    }

    /// Checks what a state says of it by the rules of the attribute and of `scale`.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.machines
            .iter()
            .try_for_each(CustomMachine::check_names)?;
        self.code.check()?;
        self.scaling.check()?;
        check_overrides(&self.overrides)?;
        check_bindings(self.artifact.as_ref())?;
        self.history.iter().try_for_each(|deploy| {
            check_bindings(deploy.artifact.as_ref())?;
            deploy.code.check()?;
            deploy.scaling.check()?;
            check_overrides(&deploy.overrides)
        })
    }

    /// Who has it, if that is not this package of this state.
    pub fn owner_for(&self, package: &str) -> Option<Owner> {
        let is_known = self.is_deployed() && !self.package.is_empty();
        let is_moved = is_known && self.package != package;
        let moved = || is_moved.then(|| Owner::Package(self.package.clone()));
        self.owner.clone().or_else(moved)
    }

    /// The code parameters in effect, with drift.
    pub fn actual_code(&self) -> Parameters {
        self.code.overridden_by(&self.drift)
    }

    /// The scaling parameters in effect, with tuned values.
    pub fn effective_scaling(&self) -> Parameters {
        self.scaling.overridden_by(&self.overrides)
    }

    /// What changes beside parameters when this is sent.
    pub(crate) fn artifact_changes(&self, artifact: &Artifact) -> Vec<Change> {
        let is_unknown = self.artifact.is_none() && artifact.has_program();
        self.changes_to(artifact, is_unknown)
    }

    /// What changes when this is sent; `is_unknown` says that somebody else may have deployed it.
    fn changes_to(&self, artifact: &Artifact, is_unknown: bool) -> Vec<Change> {
        let nothing = Artifact::default();
        let known = self.artifact.as_ref().or((!is_unknown).then_some(&nothing));
        let mut changes = known.map_or_else(Vec::new, |known| known.changes(artifact));
        if is_unknown || self.is_interrupted {
            // Somebody deployed it without this state, or a change did not end.
            changes.push(Change::of_deployment(Why::Drift));
        }
        let drift = self.live_drift.iter();
        add_drift(
            &mut changes,
            drift.filter(|drift| drift.what.parameter().is_none()),
        );
        let recorded = self.artifact.as_ref();
        let sent = |part: fn(&Artifact) -> &Option<String>| {
            recorded.and_then(|known| part(known).as_ref())
        };
        for (part, live, sent, to) in [
            (
                ArtifactPart::Auth,
                &self.live_auth,
                sent(|known| &known.auth),
                &artifact.auth,
            ),
            (
                ArtifactPart::Image,
                &self.live_image,
                sent(|known| &known.image),
                &artifact.image,
            ),
        ] {
            // What the platform reports comes before what the state says.
            if let (Some(live), Some(to)) = (live, to) {
                changes.retain(|change| change.what != What::Artifact(part));
                changes.extend(reported_change(part, live, sent, to));
            }
        }
        changes.sort_by(|a, b| a.what.cmp(&b.what));
        changes
    }

    /// What is not as it was sent, parameters aside, as far as the platform reports it.
    pub fn drift_of_artifact(&self) -> Vec<Change> {
        if !self.is_deployed() {
            return Vec::new();
        }
        let sent = self.artifact.clone().unwrap_or_default();
        let mut changes = self.changes_to(&sent, self.artifact.is_none());
        let sends_artifacts = self.history.iter().any(|deploy| deploy.artifact.is_some());
        if !sends_artifacts && !self.is_interrupted {
            // The target sends nothing but parameters.
            changes.retain(|change| !change.is_deployment());
        }
        changes
    }

    /// Checks that nothing of it was changed outside the code, parameters aside.
    ///
    /// # Errors
    ///
    /// What was changed.
    pub fn check_no_drift(&self, app: &str) -> Result<(), Problem> {
        let mut drift = self.drift_of_artifact();
        drift.retain(|change| !change.is_deployment());
        match drift.is_empty() {
            true => Ok(()),
            false => Err(drift_would_be_undone(app, &drift)),
        }
    }

    /// The deploy of this serial; without a serial the deploy before the last.
    ///
    /// # Errors
    ///
    /// When it is not recorded, with the recorded deploys.
    pub fn earlier(&self, serial: Option<u64>) -> Result<&Deploy, Problem> {
        let deploys = || {
            let history = self.history.iter();
            history.filter(|deploy| deploy.kind != DeployKind::Tuning)
        };
        let found = match serial {
            Some(serial) => deploys().find(|deploy| deploy.serial == serial),
            None => deploys().nth(1),
        };
        found.ok_or_else(|| {
            let known = |deploy: &Deploy| format!("{} ({})", deploy.serial, deploy.time);
            let known: Vec<String> = deploys().map(known).collect();
            let message = match serial {
                Some(serial) => format!("no deploy with the serial {serial} is recorded"),
                None => "no earlier deploy is recorded".into(),
            };
            Problem::new(message).help(format!("recorded deploys are {}", first_names(&known, 10)))
        })
    }
}

/// The error of a tuning that would also undo drift.
fn drift_would_be_undone(app: &str, drift: &[Change]) -> Problem {
    let parts = drift.iter().map(|change| match &change.from {
        Some(from) => format!(
            "{} {}",
            change.what.as_str(),
            from.as_str().unwrap_or_default()
        ),
        None => change.what.as_str().to_owned(),
    });
    let parts: Vec<String> = parts.collect();
    Problem::new(format!(
        "this sends all of `{app}` again, which undoes what was changed outside the code"
    ))
    .help("look at it with `cargo machinist plan`, and deploy first, or change it back")
    .note(format!(
        "changed outside the code: {}",
        first_names(&parts, 10)
    ))
}

/// Checks tuned values by the rules of `scale`.
fn check_overrides(overrides: &Overrides) -> Result<(), Problem> {
    for (key, value) in overrides.iter() {
        tunable(key.as_str())?;
        if let Some(value) = value {
            key.parameter().check(value)?;
        }
    }
    Ok(())
}

/// Names of an artifact become arguments of the platform's tool and parts of its files.
fn check_bindings(artifact: Option<&Artifact>) -> Result<(), Problem> {
    artifact.map_or(Ok(()), |artifact| artifact.bindings.check())
}

/// A part that the platform reports now, and what a deploy makes of it.
fn reported_change(
    part: ArtifactPart,
    live: &String,
    sent: Option<&String>,
    to: &String,
) -> Option<Change> {
    let why = match sent == Some(live) {
        true => Why::Code,
        false => Why::Drift,
    };
    let (from, after) = (Some(live.clone()), Some(to.clone()));
    (live != to).then(|| Change::of_part(part, &from, &after, why))
}

/// Adds drift to changes: what the platform reports comes before what the state says.
pub(crate) fn add_drift<'d>(changes: &mut Vec<Change>, drift: impl Iterator<Item = &'d Change>) {
    for drift in drift {
        match changes.iter_mut().find(|change| change.what == drift.what) {
            Some(change) => change.from.clone_from(&drift.from),
            None => changes.push(drift.clone()),
        }
    }
    // What the platform has already does not change.
    changes.retain(|change| change.from != change.to || change.is_deployment());
}
