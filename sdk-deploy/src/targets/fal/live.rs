//! Reads the output of `fal apps list --output json`.

use std::collections::BTreeMap;

use machinist_core::parameter::{Key, PARAMETERS};
use machinist_core::setting::Setting;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::pyproject::our_name;
use crate::deployed::Deployed;
use crate::live::{Live, LiveApp};
use crate::machines::CustomMachine;
use crate::parameters::{JsonValue, Overrides};

#[derive(Deserialize)]
struct List {
    apps: Vec<ListedApp>,
}

#[derive(Deserialize)]
struct ListedApp {
    alias: String,
    revision: Option<String>,
    environment_name: Option<String>,
    auth_mode: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Reads the list. It has no number of GPUs, which the platform never reports.
pub(super) fn parse(text: &str, known: &Deployed) -> Result<Live, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let apps = list.apps.into_iter().map(|listed| {
        let name = name(&listed);
        let known = known.apps.get(&name);
        let custom = known.map_or(&[][..], |app| &app.machines);
        let app = app(listed, custom).map_err(|key| format!("invalid `{key}` of `{name}`"))?;
        Ok((name, app))
    });
    Ok(Live {
        apps: apps.collect::<Result<BTreeMap<_, _>, String>>()?,
        place: None,
    })
}

/// In environments other than `main` the alias ends with the environment's name.
fn name(listed: &ListedApp) -> String {
    let environment = listed.environment_name.as_deref().unwrap_or_default();
    let suffix = format!("--{environment}");
    let name = match environment {
        "" | "main" => None,
        _ => listed.alias.strip_suffix(&suffix),
    };
    name.unwrap_or(&listed.alias).into()
}

/// An app, or the key of an invalid value, which would be kept as tuned otherwise.
fn app(listed: ListedApp, custom: &[CustomMachine]) -> Result<LiveApp, &'static str> {
    let mut parameters = Overrides::default();
    for parameter in PARAMETERS {
        let key = parameter.key;
        let reported = reported_key(key);
        let Some((reported, value)) = reported.and_then(|key| Some((key, listed.rest.get(key)?)))
        else {
            continue;
        };
        let value = Option::<Setting>::from_json(key, value).map_err(|_| reported)?;
        let value = match value {
            Some(Setting::List(names)) if key == Key::MachineType => {
                let names = names.iter().map(|name| our_name(name, custom).to_owned());
                Some(Setting::List(names.collect()))
            }
            other => other,
        };
        parameters.insert(key, value);
    }
    Ok(LiveApp {
        parameters,
        revision: listed.revision,
        auth: listed.auth_mode,
        ..LiveApp::default()
    })
}

/// The member of a listed app with this parameter; `None` if the platform never reports it.
fn reported_key(key: Key) -> Option<&'static str> {
    match key {
        Key::MachineType => Some("machine_types"),
        Key::Regions => Some("valid_regions"),
        Key::Gpus | Key::Port | Key::HealthCheck | Key::TerminationGracePeriod => None,
        Key::MaxMultiplexing
        | Key::StartupTimeout
        | Key::KeepAlive
        | Key::MinConcurrency
        | Key::MaxConcurrency
        | Key::ConcurrencyBuffer
        | Key::ConcurrencyBufferPerc
        | Key::ScalingDelay
        | Key::RequestTimeout
        | Key::RequestStartTimeout => Some(key.as_str()),
    }
}
