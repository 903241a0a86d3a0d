//! Reads the output of `kubectl get ksvc --output=json`.

use machinist_core::parameter::PARAMETERS;
use serde::Deserialize;
use serde_json::Value;

use super::bindings::ClusterBindings;
use super::extras::extras;
use super::managers;
use super::node_labels::NodeLabels;
use super::parameters;
use super::settings::KnativeSettings;
use crate::bindings::Bindings;
use crate::deployed::Deployed;
use crate::live::{Live, LiveApp};
use crate::machines::CustomMachine;
use crate::parameters::{Overrides, Parameters};

#[derive(Deserialize)]
#[serde(untagged)]
enum Output {
    List { items: Vec<Value> },
    Single(Value),
}

/// Reads the list, or a single service.
pub(super) fn parse(
    text: &str,
    known: &Deployed,
    settings: &KnativeSettings,
) -> Result<Live, String> {
    let output: Output = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let items = match output {
        Output::List { items } => items,
        Output::Single(service) => vec![service],
    };
    let mut live = Live::default();
    let nothing = Bindings::default();
    for service in items {
        let Some(name) = service["metadata"]["name"].as_str() else {
            return Err("a service without a name".into());
        };
        let known = known.apps.get(name);
        let code = known.map(|app| app.actual_code()).unwrap_or_default();
        let scaling = known.map(|app| app.effective_scaling()).unwrap_or_default();
        let parameters = code.and(scaling);
        let custom = known.map_or(&[][..], |app| &app.machines);
        let sent = known.and_then(|app| app.artifact.as_ref());
        let labels = NodeLabels::new(&parameters, custom, sent, settings);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let is_foreign = managers::is_foreign(&service);
        let app = LiveApp {
            parameters: read_service(&service, &parameters, custom, &labels),
            revision: text(&service["status"]["latestCreatedRevisionName"]),
            image: text(&service["spec"]["template"]["spec"]["containers"][0]["image"]),
            extras: extras(
                &service,
                known.map(|_| &parameters),
                &ClusterBindings {
                    app: name,
                    bindings: sent.map_or(&nothing, |sent| &sent.bindings),
                    settings,
                },
                custom,
                &labels,
            ),
            is_half_created: Some(managers::is_half_created(&service)),
            is_foreign,
            owner: managers::names(&service).filter(|_| is_foreign),
            ..LiveApp::default()
        };
        live.apps.insert(name.to_owned(), app);
    }
    Ok(live)
}

/// The parameters of a service.
fn read_service(
    service: &Value,
    known: &Parameters,
    custom: &[CustomMachine],
    labels: &NodeLabels<'_>,
) -> Overrides {
    let read = |key| Some((key, parameters::read(key, service, known, custom, labels)?));
    let keys = PARAMETERS.iter().map(|parameter| parameter.key);
    keys.filter_map(read).collect()
}
