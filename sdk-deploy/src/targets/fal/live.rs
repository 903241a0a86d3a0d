//! Reads the output of `fal apps list --output json`.

use std::collections::BTreeMap;

use machinist_core::parameter::{Kind, PARAMETERS, Parameter};
use serde::Deserialize;
use serde_json::Value;

use super::pyproject::{our_name, renamed};
use crate::deployed::Deployed;
use crate::live::{Live, LiveApp};
use crate::machines::CustomMachine;
use crate::parameters::Parameters;

#[derive(Deserialize)]
struct List {
    apps: Vec<ListedApp>,
}

#[derive(Deserialize)]
struct ListedApp {
    alias: String,
    revision: Option<String>,
    environment_name: Option<String>,
    #[serde(flatten)]
    rest: Parameters,
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
    let mut parameters = Parameters::new();
    for Parameter { key, kind, .. } in PARAMETERS {
        let platform_key = match kind {
            Kind::MachineTypes => "machine_types",
            Kind::Regions => "valid_regions",
            _ => key,
        };
        let Some(value) = listed.rest.get(platform_key) else {
            continue;
        };
        if !is_of_kind(*kind, value) {
            return Err(platform_key);
        }
        let value = match kind {
            Kind::MachineTypes => renamed(value, |name| our_name(name, custom)),
            _ => value.clone(),
        };
        parameters.insert((*key).into(), value);
    }
    Ok(LiveApp {
        parameters,
        revision: listed.revision,
    })
}

/// Whether a value is of this kind, within our ranges or not.
fn is_of_kind(kind: Kind, value: &Value) -> bool {
    let texts = |list: &Vec<Value>| list.iter().all(Value::is_string);
    value.is_null()
        || match kind {
            Kind::MachineTypes | Kind::Regions => value.as_array().is_some_and(texts),
            Kind::Number(..) | Kind::Seconds(..) => value.is_u64(),
            Kind::Path => true,
        }
}
