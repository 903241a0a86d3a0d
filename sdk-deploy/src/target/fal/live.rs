//! What `fal apps list --output json` says.

use std::collections::BTreeMap;

use machinist_core::parameter::{Kind, PARAMETERS, Parameter};
use serde::Deserialize;

use super::pyproject::{names, ours_of};
use crate::deployed::{Deployed, Live, LiveApp};
use crate::machines::OwnMachine;
use crate::plan::Parameters;

#[derive(Deserialize)]
struct List {
    apps: Vec<Alias>,
}

#[derive(Deserialize)]
struct Alias {
    alias: String,
    revision: Option<String>,
    environment_name: Option<String>,
    #[serde(flatten)]
    rest: Parameters,
}

/// Reads the list. The number of GPUs is not in it: the platform tells it nowhere.
pub(super) fn parse(text: &str, known: &Deployed) -> Result<Live, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let apps = list.apps.into_iter().map(|alias| {
        let name = name(&alias);
        let known = known.apps.get(&name);
        let own = known.map_or(&[][..], |app| &app.machines);
        let app = app(alias, own);
        (name, app)
    });
    Ok(Live {
        apps: apps.collect::<BTreeMap<_, _>>(),
    })
}

/// In an environment other than the main one the alias has its name behind it.
fn name(alias: &Alias) -> String {
    let environment = alias.environment_name.as_deref().unwrap_or_default();
    let suffix = format!("--{environment}");
    let name = match environment {
        "" | "main" => None,
        _ => alias.alias.strip_suffix(&suffix),
    };
    name.unwrap_or(&alias.alias).into()
}

fn app(alias: Alias, own: &[OwnMachine]) -> LiveApp {
    let mut parameters = Parameters::new();
    for Parameter { key, kind, .. } in PARAMETERS {
        let theirs = match kind {
            Kind::MachineTypes => "machine_types",
            Kind::Regions => "valid_regions",
            _ => key,
        };
        let value = alias.rest.get(theirs).map(|value| match kind {
            Kind::MachineTypes => names(value, |name| ours_of(name, own)),
            _ => value.clone(),
        });
        parameters.extend(value.map(|value| ((*key).into(), value)));
    }
    LiveApp {
        parameters,
        revision: alias.revision,
    }
}
