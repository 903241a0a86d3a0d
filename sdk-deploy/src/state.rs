//! The state: what is deployed to each target, and what was tuned since.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use machinist_core::json;
use machinist_core::name::is_dns_label;
use machinist_core::text::shown;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::deployed::{AppState, Deployed};
use crate::machines::CustomMachine;
use crate::targets::FILE;

/// The version of the state that this crate writes, and the newest that it reads.
pub const STATE_VERSION: u32 = 2;

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
    #[error("this is not a state: invalid app name `{}`", shown(.0))]
    BadName(String),
    /// A machine type's name is invalid.
    #[error("this is not a state: {0}")]
    BadMachine(String),
    /// It is of a newer version.
    #[error("the state has version {0}, and the newest known here is {STATE_VERSION}")]
    NewerVersion(u64),
}

impl StateError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAState(_) | Self::BadName(_) | Self::BadMachine(_) => {
                "restore the file from git; nothing was changed"
            }
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
            targets: BTreeMap::new(),
        }
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
        let any: Value = serde_json::from_str(text)?;
        let state = match any["state_version"].as_u64() {
            Some(1) => {
                let old: Version1 = serde_json::from_str(text)?;
                Self {
                    state_version: STATE_VERSION,
                    lineage: old.lineage,
                    serial: old.serial,
                    targets: BTreeMap::from([(FILE.into(), Deployed { apps: old.apps })]),
                }
            }
            Some(version) if version > STATE_VERSION.into() => {
                return Err(StateError::NewerVersion(version));
            }
            _ => serde_json::from_str(text)?,
        };
        // Names become paths and arguments of the platform's tool.
        for (name, app) in state.targets.values().flat_map(|target| &target.apps) {
            if !is_dns_label(name) {
                return Err(StateError::BadName(name.clone()));
            }
            let machines = app.machines.iter().try_for_each(CustomMachine::check_names);
            machines.map_err(|problem| StateError::BadMachine(problem.message))?;
        }
        Ok(state)
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
        if self.deployed_to(target) != deployed {
            after.targets.insert(target.into(), deployed);
            after.serial += 1;
        }
        after
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
