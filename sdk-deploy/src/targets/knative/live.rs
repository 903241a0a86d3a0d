//! Reads the output of `kubectl get ksvc --output=json`.

use machinist_core::parameter::{Key, PARAMETERS};
use machinist_core::setting::Setting;
use serde::Deserialize;
use serde_json::Value;

use super::extras::{extras, node_expressions};
use super::managers;
use super::node_labels::NodeLabels;
use super::service::{
    DEADLINE, MAX_DELAY, MAX_SCALE, MIN_SCALE, RETENTION, UTILIZATION, utilization,
};
use super::settings::KnativeSettings;
use crate::deployed::Deployed;
use crate::live::{Live, LiveApp};
use crate::machines::{self, CustomMachine, has_gpus};
use crate::parameters::{Overrides, Parameters};

/// The request timeout that a cluster writes by default, in seconds.
const DEFAULT_REQUEST_TIMEOUT: u32 = 300;

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
                custom,
                &labels,
                settings,
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
    let read = |key| Some((key, read_parameter(key, service, known, custom, labels)?));
    let keys = PARAMETERS.iter().map(|parameter| parameter.key);
    keys.filter_map(read).collect()
}

/// A parameter of a service: `None` if it does not tell, `Some(None)` if it is not set there. If
/// several values look the same there, the known one is taken.
fn read_parameter(
    key: Key,
    service: &Value,
    known: &Parameters,
    custom: &[CustomMachine],
    labels: &NodeLabels<'_>,
) -> Option<Option<Setting>> {
    let template = &service["spec"]["template"];
    let annotation = |name: &str| template["metadata"]["annotations"][name].as_str();
    let pod = &template["spec"];
    let container = &pod["containers"][0];
    let number = |value: &Value| value.as_u64().and_then(|number| number.try_into().ok());
    let known_number = known.number(key);
    let value = match key {
        Key::MachineType => {
            // A machine type without GPUs has no label of its own.
            let is_labelled = machines::named_in(known, custom).iter().any(has_gpus);
            let machines = read_machines(pod, labels);
            return match machines {
                None if !is_labelled => None,
                machines => Some(machines.map(Setting::List)),
            };
        }
        Key::Gpus => {
            let gpus = &container["resources"]["limits"]["nvidia.com/gpu"];
            number(gpus).or_else(|| gpus.as_str()?.parse().ok())
        }
        Key::MaxMultiplexing => Some(number(&pod["containerConcurrency"])?),
        Key::StartupTimeout => annotation(DEADLINE).and_then(seconds),
        Key::Port => number(&container["ports"][0]["containerPort"]),
        Key::HealthCheck => {
            let path = container["readinessProbe"]["httpGet"]["path"].as_str();
            return Some(path.map(|path| Setting::Path(path.into())));
        }
        Key::MinConcurrency => annotation(MIN_SCALE).and_then(|n| n.parse().ok()),
        // Without the annotation, as with 0, there is no limit. A deploy always sends one.
        Key::MaxConcurrency => Some(annotation(MAX_SCALE).map_or(Some(0), |n| n.parse().ok())?),
        Key::KeepAlive => {
            // Times over the limit are written as the limit.
            let is_shortened = |live: u32| live == MAX_DELAY && known_number > Some(MAX_DELAY);
            let live = annotation(RETENTION).and_then(seconds);
            match live.is_some_and(is_shortened) {
                true => known_number,
                false => live,
            }
        }
        Key::ConcurrencyBufferPerc => {
            // Several percentages give the same utilization.
            let live = annotation(UTILIZATION).and_then(|text| text.parse().ok());
            let live = live.unwrap_or(100u32);
            let is_same = |perc: &u32| utilization(*perc) == live;
            let computed = || 10_000 / live.clamp(1, 100) - 100;
            Some(known_number.filter(is_same).unwrap_or_else(computed))
        }
        Key::RequestTimeout => {
            // A cluster writes its default where none is set.
            let is_set = |live: &u32| known.contains(key) || *live != DEFAULT_REQUEST_TIMEOUT;
            number(&pod["timeoutSeconds"]).filter(is_set)
        }
        Key::TerminationGracePeriod
        | Key::ConcurrencyBuffer
        | Key::ScalingDelay
        | Key::RequestStartTimeout
        | Key::Regions => return None,
    };
    Some(value.map(Setting::Number))
}

/// The machine types by the labels of their nodes; `None` if there are no labels.
fn read_machines(pod: &Value, labels: &NodeLabels<'_>) -> Option<Vec<String>> {
    let find = |label: &&str| node_expressions(pod).find(|expression| expression["key"] == **label);
    let expression = labels.gpu().iter().find_map(find)?;
    let values = expression["values"].as_array()?.iter();
    let mut names: Vec<String> = Vec::new();
    for value in values.filter_map(Value::as_str) {
        let name = labels.machine_type(value);
        if !names.iter().any(|known| known == name) {
            names.push(name.into());
        }
    }
    Some(names)
}

/// A Go duration of hours, minutes and seconds.
fn seconds(text: &str) -> Option<u32> {
    let mut total = 0u32;
    let mut digits = String::new();
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let count: u32 = std::mem::take(&mut digits).parse().ok()?;
        total = total.checked_add(count.checked_mul(unit)?)?;
    }
    digits.is_empty().then_some(total)
}
