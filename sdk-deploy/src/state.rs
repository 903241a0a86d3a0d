//! The state: what is deployed to each target, and what was tuned since.

mod conflict;
pub(crate) mod newest;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use machinist_core::json;
use machinist_core::name::is_dns_label;
use machinist_core::problem::Problem;
use machinist_core::text::visible;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::deployed::{AppState, Deployed};
use crate::state_location::StateLocation;
use crate::targets::FILE;

/// The version of the state that this crate writes, and the newest that it reads.
pub const STATE_VERSION: u32 = 3;

/// The highest serial: other programs read it as a number of JSON.
const MAX_SERIAL: u64 = 1 << 53;

/// What is deployed to each target, and what was tuned since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// [`STATE_VERSION`].
    pub state_version: u32,
    /// The same for all states that descend from one first state.
    pub lineage: String,
    /// One more with every change.
    pub serial: u64,
    /// The environment whose state it is, such as `prod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What is deployed to each target, by the target's name.
    #[serde(default)]
    pub targets: BTreeMap<String, Deployed>,
}

/// Version 1, which had one target.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version1 {
    #[serde(rename = "state_version")]
    _state_version: u32,
    lineage: String,
    serial: u64,
    #[serde(default)]
    apps: BTreeMap<String, AppState>,
}

/// A state that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is not a state.
    #[error("this is not a state: {0}")]
    NotAState(#[from] serde_json::Error),
    /// An app's name is invalid.
    #[error("this is not a state: invalid app name `{}`", visible(.0))]
    BadName(String),
    /// A machine type's name, a parameter or a serial is invalid.
    #[error("this is not a state: {0}")]
    BadValue(String),
    /// git could not merge two states.
    #[error("it has a merge conflict at line {line}")]
    Conflict {
        /// The line, from 1.
        line: usize,
        /// How to resolve it.
        help: String,
    },
    /// It is of a newer version.
    #[error("the state has version {0}, and the newest known here is {STATE_VERSION}")]
    NewerVersion(u64),
}

/// Stands for the state's file in [`StateError::help`], which does not know it.
pub(crate) const FILE_IN_HELP: &str = "FILE";

impl StateError {
    /// What to do about it. `FILE` is the state's file.
    pub fn help(&self) -> &str {
        match self {
            Self::NotAState(_) | Self::BadName(_) | Self::BadValue(_) => {
                "restore it from git, or correct it; nothing was changed"
            }
            Self::Conflict { help, .. } => help,
            Self::NewerVersion(_) => "upgrade with `cargo install cargo-machinist`",
        }
    }
}

impl State {
    /// A state without deploys, with a new lineage.
    pub fn new() -> Self {
        let lineage = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        Self {
            state_version: STATE_VERSION,
            lineage,
            serial: 0,
            environment: None,
            targets: BTreeMap::new(),
        }
    }

    /// A state without deploys, with a new lineage, of an environment.
    pub fn of_environment(environment: Option<&str>) -> Self {
        Self {
            environment: environment.map(str::to_owned),
            ..Self::new()
        }
    }

    /// Whether nothing was ever recorded in it.
    pub fn is_new(&self) -> bool {
        self.serial == 0 && self.targets.is_empty()
    }

    /// Checks that it is the state of this environment, or of none.
    ///
    /// # Errors
    ///
    /// When it is another environment's.
    ///
    /// ```
    /// use machinist_deploy::{State, StateLocation};
    ///
    /// let staging = State { serial: 1, ..State::of_environment(Some("staging")) };
    /// let file = StateLocation::File("staging.json".into());
    /// assert!(staging.check_environment(&file, Some("staging")).is_ok());
    /// assert!(staging.check_environment(&file, Some("prod")).is_err());
    /// ```
    pub fn check_environment(
        &self,
        location: &StateLocation,
        expected: Option<&str>,
    ) -> Result<(), Problem> {
        if self.is_new() || self.environment.as_deref() == expected {
            return Ok(());
        }
        let name = |environment: Option<&str>| match environment {
            Some(name) => format!("the environment `{name}`"),
            None => "no environment".into(),
        };
        let own = self.environment.as_deref();
        let problem = Problem::new(format!(
            "`{location}` is the state of {}, and this is {}",
            name(own),
            name(expected)
        ));
        Err(match own {
            Some(own) => problem.help(format!(
                "choose it with `--env {own}`, or give the other a state of its own"
            )),
            None => problem.help("leave out `--env`, or give the environment a state of its own"),
        })
    }

    /// Reads a written state, also of an earlier version.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with line and column, and a newer version.
    ///
    /// ```
    /// use machinist_deploy::State;
    ///
    /// let state = State::new();
    /// assert_eq!(State::parse(&state.to_json()).unwrap(), state);
    /// ```
    pub fn parse(text: &str) -> Result<Self, StateError> {
        // Editors on Windows may add a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(conflict) = conflict::find(text) {
            let help = match (Self::parse(&conflict.ours), Self::parse(&conflict.theirs)) {
                // The other side would be older than what is known.
                (Ok(ours), Ok(theirs)) if theirs.serial > ours.serial => {
                    theirs.resolution("their", &ours)
                }
                (Ok(ours), Ok(theirs)) => ours.resolution("our", &theirs),
                _ => format!(
                    "take one side with `git checkout --ours {FILE_IN_HELP}` or `--theirs \
                     {FILE_IN_HELP}`"
                ),
            };
            let line = conflict.line;
            return Err(StateError::Conflict { line, help });
        }
        let any: Value = serde_json::from_str(text)?;
        let state = match any["state_version"].as_u64() {
            Some(1) => {
                let old: Version1 = serde_json::from_str(text)?;
                Self {
                    state_version: STATE_VERSION,
                    lineage: old.lineage,
                    serial: old.serial,
                    environment: None,
                    targets: BTreeMap::from([(
                        FILE.into(),
                        Deployed {
                            apps: old.apps,
                            place: None,
                        },
                    )]),
                }
            }
            Some(version) if version > STATE_VERSION.into() => {
                return Err(StateError::NewerVersion(version));
            }
            _ => serde_json::from_str(text)?,
        };
        if state.serial > MAX_SERIAL {
            let message = format!("the serial {} exceeds {MAX_SERIAL}", state.serial);
            return Err(StateError::BadValue(message));
        }
        for (name, app) in state.targets.values().flat_map(|target| &target.apps) {
            // Names become paths and arguments of the platform's tool.
            if !is_dns_label(name) {
                return Err(StateError::BadName(name.clone()));
            }
            let invalid =
                |problem: Problem| StateError::BadValue(format!("`{name}`: {}", problem.message));
            app.check().map_err(invalid)?;
        }
        Ok(Self {
            state_version: STATE_VERSION,
            ..state
        })
    }

    /// What to do: this side is taken, and what the other side tuned is tuned again.
    fn resolution(&self, side: &str, other: &Self) -> String {
        let mut commands = Vec::new();
        let mut both = Vec::new();
        for (target, deployed) in &other.targets {
            let known = self.deployed_to(target);
            for (name, app) in &deployed.apps {
                let nothing = AppState::default();
                let known = known.apps.get(name).unwrap_or(&nothing);
                let mut values = BTreeMap::new();
                for (key, value) in app.overrides.iter() {
                    match known.overrides.get(key) {
                        Some(known) if known == value => {}
                        Some(_) => both.push(format!("`{}` of `{name}`", key.as_str())),
                        None => drop(values.insert(key, value)),
                    }
                }
                let words = values.into_iter().filter_map(|(key, value)| {
                    // Only a platform removes a value, and that is asked again.
                    let value = key.parameter().show(value.as_ref()?).replace(", ", ",");
                    Some(format!("{}={value}", key.as_str()))
                });
                let words: Vec<String> = words.collect();
                if !words.is_empty() {
                    let words = words.join(" ");
                    commands.push(format!(
                        "`cargo machinist scale {name} {words} --target {target}`"
                    ));
                }
            }
        }
        let mut help = format!("take {side} side with `git checkout --{side}s {FILE_IN_HELP}`");
        if !commands.is_empty() {
            help += &format!(
                ", then tune what the other side tuned: {}",
                commands.join(", ")
            );
        }
        if !both.is_empty() {
            help += &format!("; both sides tuned {}", both.join(", "));
        }
        help
    }

    /// The state as it is written: always the same bytes for the same state, for review in git.
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys: this serialization cannot fail.
        let compact = serde_json::to_string(self).unwrap_or_default();
        json::indent(&compact) + "\n"
    }

    /// What is deployed to a target.
    pub fn deployed_to(&self, target: &str) -> Deployed {
        self.targets.get(target).cloned().unwrap_or_default()
    }

    /// The state with this deployed to a target. If that differs, the serial is one more.
    ///
    /// ```
    /// use machinist_deploy::{AppState, State};
    ///
    /// let before = State::new();
    /// let mut deployed = before.deployed_to("file");
    /// deployed.apps.insert("llm".into(), AppState::default());
    /// let after = before.with("file", deployed.clone());
    /// assert_eq!((after.serial, after.deployed_to("file")), (1, deployed));
    /// ```
    #[must_use]
    pub fn with(&self, target: &str, deployed: Deployed) -> Self {
        let mut after = self.clone();
        let before = self.targets.get(target);
        if before.unwrap_or(&Deployed::default()) != &deployed {
            after.targets.insert(target.into(), deployed);
            after.serial = self.serial.saturating_add(1).min(MAX_SERIAL);
        }
        after
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
