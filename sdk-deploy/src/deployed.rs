//! What is deployed to one target.

use std::collections::BTreeMap;

use machinist_core::problem::Problem;
use machinist_core::text::shown;
use serde::{Deserialize, Serialize};

use crate::history::Deploy;
use crate::machines::{self, CustomMachine};
use crate::parameters::{Overrides, Parameters};

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
/// let tuned = deployed.tune("llm", &values)?;
/// deployed.settle_tuning(&tuned);
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
}

/// What is deployed of one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppState {
    /// The binaries that linked it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binaries: Vec<String>,
    /// Its custom machine types.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "machines")]
    pub machines: Vec<CustomMachine>,
    /// A digest of what was sent to the platform, parameters aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
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
    /// The last deploys that changed it, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Deploy>,
}

impl Deployed {
    /// A deployed app.
    ///
    /// # Errors
    ///
    /// When it is not deployed, with the apps that are.
    pub fn find(&self, app: &str) -> Result<&AppState, Problem> {
        match self.apps.get(app) {
            Some(state) if state.is_deployed() => Ok(state),
            _ => Err(self.unknown_app(app)),
        }
    }

    fn unknown_app(&self, given: &str) -> Problem {
        let problem = Problem::new(format!("no app `{}` is deployed", shown(given)));
        let deployed = self.apps.iter().filter(|(_, state)| state.is_deployed());
        let names: Vec<&str> = deployed.map(|(name, _)| name.as_str()).collect();
        match names.is_empty() {
            true => problem.help("deploy it with `cargo machinist deploy`"),
            false => problem.suggest("deployed app", given, &names),
        }
    }
}

impl AppState {
    /// Whether the platform has it.
    pub fn is_deployed(&self) -> bool {
        !self.code.is_empty()
    }

    /// The code parameters in effect, with drift.
    pub fn actual_code(&self) -> Parameters {
        self.code.overridden_by(&self.drift)
    }

    /// The scaling parameters in effect, with tuned values.
    pub fn effective_scaling(&self) -> Parameters {
        self.scaling.overridden_by(&self.overrides)
    }

    /// The deploy of this serial; without a serial the deploy before the last.
    ///
    /// # Errors
    ///
    /// When it is not recorded, with the recorded deploys.
    pub fn earlier(&self, serial: Option<u64>) -> Result<&Deploy, Problem> {
        let found = match serial {
            Some(serial) => self.history.iter().find(|deploy| deploy.serial == serial),
            None => self.history.get(1),
        };
        found.ok_or_else(|| {
            let line = |deploy: &Deploy| format!("{} of {}", deploy.serial, deploy.time);
            let known: Vec<String> = self.history.iter().map(line).collect();
            let message = match serial {
                Some(serial) => format!("no deploy with the serial {serial} is recorded"),
                None => "no earlier deploy is recorded".into(),
            };
            Problem::new(message).help(format!("recorded deploys are {}", known.join(", ")))
        })
    }
}
