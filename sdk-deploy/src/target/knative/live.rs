//! What `kubectl get ksvc --output=json` says.

use serde::Deserialize;
use serde_json::Value;

use super::service;
use crate::deployed::{Deployed, Live, LiveApp};
use crate::settings::KnativeSettings;

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    List { items: Vec<Value> },
    One(Value),
}

/// Reads the list, or a single service.
pub(super) fn parse(
    text: &str,
    known: &Deployed,
    settings: &KnativeSettings,
) -> Result<Live, String> {
    let answer: Answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let items = match answer {
        Answer::List { items } => items,
        Answer::One(service) => vec![service],
    };
    let mut live = Live::default();
    for service in items {
        let Some(name) = service["metadata"]["name"].as_str() else {
            return Err("a service without a name".into());
        };
        let known = known.apps.get(name);
        let mut parameters = known.map(|app| app.actual_code()).unwrap_or_default();
        parameters.extend(known.map(|app| app.effective_scaling()).unwrap_or_default());
        let own = known.map_or(&[][..], |app| &app.machines);
        let revision = service["status"]["latestCreatedRevisionName"].as_str();
        let app = LiveApp {
            parameters: service::read(&service, &parameters, own, settings),
            revision: revision.map(str::to_owned),
        };
        live.apps.insert(name.to_owned(), app);
    }
    Ok(live)
}
