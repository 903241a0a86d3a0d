//! Reads the output of `kubectl get ksvc --output=json`.

use machinist_core::parameter::{self, Group, PARAMETERS};
use serde::Deserialize;
use serde_json::{Value, json};

use super::service::{
    DEADLINE, MAX_DELAY, MAX_SCALE, MIN_SCALE, RETENTION, UTILIZATION, gpu_label, labelled,
    utilization,
};
use super::settings::KnativeSettings;
use crate::deployed::Deployed;
use crate::live::{Live, LiveApp};
use crate::machines::{self, CustomMachine, Machine};
use crate::parameters::{self, Parameters};

/// The request timeout that a cluster writes by default, in seconds.
const DEFAULT_REQUEST_TIMEOUT: u64 = 300;

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
        let mut parameters = known.map(|app| app.actual_code()).unwrap_or_default();
        parameters.extend(known.map(|app| app.effective_scaling()).unwrap_or_default());
        let custom = known.map_or(&[][..], |app| &app.machines);
        let revision = service["status"]["latestCreatedRevisionName"].as_str();
        let app = LiveApp {
            parameters: read_service(&service, &parameters, custom, settings),
            revision: revision.map(str::to_owned),
        };
        live.apps.insert(name.to_owned(), app);
    }
    Ok(live)
}

/// The parameters of a service. If several values look the same there, the known one is taken.
fn read_service(
    service: &Value,
    known: &Parameters,
    custom: &[CustomMachine],
    settings: &KnativeSettings,
) -> Parameters {
    let template = &service["spec"]["template"];
    let annotation = |name: &str| template["metadata"]["annotations"][name].as_str();
    let pod = &template["spec"];
    let container = &pod["containers"][0];
    let mut live = Parameters::new();
    if let Some(machines) = read_machines(pod, known, custom, settings) {
        live.insert(parameter::MACHINE_TYPE.into(), machines);
    }
    let gpus = &container["resources"]["limits"]["nvidia.com/gpu"];
    let gpus = gpus.as_u64().or_else(|| gpus.as_str()?.parse().ok());
    live.extend(gpus.map(|gpus| (parameter::GPUS.into(), gpus.into())));
    if let Some(multiplexing) = pod["containerConcurrency"].as_u64() {
        live.insert(parameter::MAX_MULTIPLEXING.into(), multiplexing.into());
    }
    let deadline = service["metadata"]["annotations"][DEADLINE]
        .as_str()
        .and_then(seconds);
    live.insert(
        parameter::STARTUP_TIMEOUT.into(),
        deadline.map_or(Value::Null, Value::from),
    );
    let port = container["ports"][0]["containerPort"].clone();
    live.insert(parameter::PORT.into(), port);
    if let Some(path) = container["readinessProbe"]["httpGet"]["path"].as_str() {
        live.insert(
            parameter::HEALTH_CHECK.into(),
            parameters::health_check(path),
        );
    }
    for parameter in PARAMETERS
        .iter()
        .filter(|parameter| parameter.group == Group::Scaling)
    {
        let key = parameter.key;
        let value = match key {
            parameter::MIN_CONCURRENCY => annotation(MIN_SCALE).and_then(|n| n.parse().ok()),
            parameter::MAX_CONCURRENCY => annotation(MAX_SCALE).and_then(|n| n.parse().ok()),
            parameter::KEEP_ALIVE => annotation(RETENTION).and_then(seconds),
            parameter::REQUEST_TIMEOUT => pod["timeoutSeconds"]
                .as_u64()
                .filter(|seconds| known.contains_key(key) || *seconds != DEFAULT_REQUEST_TIMEOUT),
            _ => continue,
        };
        live.insert(key.into(), value.map_or(Value::Null, Value::from));
    }
    // Several percentages give the same utilization, and times over an hour become an hour.
    let live_utilization = annotation(UTILIZATION)
        .and_then(|text| text.parse().ok())
        .unwrap_or(100u64);
    let known_perc = parameters::number(known, parameter::CONCURRENCY_BUFFER_PERC);
    let perc = match known_perc.filter(|perc| utilization(*perc) == live_utilization) {
        Some(perc) => perc,
        None => 10_000 / live_utilization.clamp(1, 100) - 100,
    };
    live.insert(parameter::CONCURRENCY_BUFFER_PERC.into(), perc.into());
    let kept = parameters::number(known, parameter::KEEP_ALIVE);
    if let Some(kept) = kept.filter(|seconds| *seconds > MAX_DELAY) {
        if live[parameter::KEEP_ALIVE] == MAX_DELAY {
            live.insert(parameter::KEEP_ALIVE.into(), kept.into());
        }
    }
    live
}

/// The machine types by the labels of their nodes; `None` if there are no labels.
fn read_machines(
    pod: &Value,
    known: &Parameters,
    custom: &[CustomMachine],
    settings: &KnativeSettings,
) -> Option<Value> {
    let affinity = &pod["affinity"]["nodeAffinity"];
    let required = &affinity["requiredDuringSchedulingIgnoredDuringExecution"];
    let label = gpu_label(settings);
    let terms = required["nodeSelectorTerms"].as_array()?;
    let expressions = terms
        .iter()
        .filter_map(|term| term["matchExpressions"].as_array());
    let mut expressions = expressions.flatten();
    let gpu_expression = expressions.find(|expression| expression["key"] == label)?;
    let labels: Vec<&str> = gpu_expression["values"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let all = machines::named_in(known, custom)
        .into_iter()
        .chain(machines::all());
    let all: Vec<Machine> = all.map(|machine| labelled(machine, settings)).collect();
    let mut names: Vec<&str> = Vec::new();
    for label in labels {
        let has_label = |machine: &&Machine| machine.node_labels.iter().any(|known| known == label);
        let name = all
            .iter()
            .find(has_label)
            .map_or(label, |machine| &machine.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(json!(names))
}

/// A Go duration of hours, minutes and seconds.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
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
        let count: u64 = std::mem::take(&mut digits).parse().ok()?;
        total = total.checked_add(count.checked_mul(unit)?)?;
    }
    digits.is_empty().then_some(total)
}
