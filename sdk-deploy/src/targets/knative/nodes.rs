//! The nodes that a Knative service runs on: machine types and regions as labels of nodes, and what
//! is asked of a node.

use machinist_core::custom::NODE_LABELS;
use machinist_core::machines_toml::FILE;
use machinist_core::problem::Problem;
use serde_json::{Value, json};

use super::node_labels::{NodeLabels, gpu_label};
use super::settings::KnativeSettings;
use crate::machines::{self, CustomMachine, has_gpus};
use crate::parameters::Parameters;
use crate::targets::region_names;

/// The label of nodes that names their region.
pub(super) const REGION_LABEL: &str = "topology.kubernetes.io/region";

/// Checks that every machine type with GPUs has labels.
pub(super) fn check(machines: &[CustomMachine]) -> Result<(), Problem> {
    let unlabelled = machines
        .iter()
        .find(|machine| has_gpus(machine) && machine.node_labels.is_empty());
    match unlabelled {
        Some(machine) => Err(Problem::new(format!(
            "the node label of `{}` is not known",
            machine.name
        ))
        .help(format!(
            "write its `{NODE_LABELS}` in `{FILE}`, or `knative.{NODE_LABELS}.{} = [\"...\"]` in \
             `[workspace.metadata.machinist]`",
            machine.name
        ))),
        None => Ok(()),
    }
}

/// The resources that every listed machine type has.
pub(super) fn resources(machines: &[CustomMachine], gpus: u32) -> Value {
    let (ram_mb, millicores) = machines::smallest_runner(machines, gpus);
    let mut resources = json!({
        "requests": {"cpu": format!("{millicores}m"), "memory": format!("{ram_mb}M")},
    });
    if gpus > 0 {
        resources["limits"] = json!({"nvidia.com/gpu": gpus.to_string()});
    }
    resources
}

/// What is required of the labels of a node.
pub(super) fn terms(
    machines: &[CustomMachine],
    all: &Parameters,
    settings: &KnativeSettings,
) -> Vec<Value> {
    let labels: Vec<&String> = machines
        .iter()
        .flat_map(|machine| &machine.node_labels)
        .collect();
    let regions = region_names::of_app(all, &settings.regions);
    let term = |key: &str, values: Value| json!({"key": key, "operator": "In", "values": values});
    let gpus = (!labels.is_empty()).then(|| term(gpu_label(settings), json!(labels)));
    let regions = (!regions.is_empty()).then(|| term(REGION_LABEL, json!(regions)));
    gpus.into_iter().chain(regions).collect()
}

/// The order of the machine types as weights: the first one has the highest.
pub(super) fn preferred(machines: &[CustomMachine], settings: &KnativeSettings) -> Vec<Value> {
    let with_gpus: Vec<&CustomMachine> = machines
        .iter()
        .filter(|machine| has_gpus(machine))
        .collect();
    if with_gpus.len() < 2 {
        return Vec::new();
    }
    let weigh = |(place, machine): (usize, &&CustomMachine)| {
        let expression = json!({
            "key": gpu_label(settings), "operator": "In", "values": machine.node_labels,
        });
        let weight = 100usize
            .saturating_sub(place * 100 / with_gpus.len())
            .max(1);
        json!({"weight": weight, "preference": {"matchExpressions": [expression]}})
    };
    let all_but_last = with_gpus.iter().enumerate().take(with_gpus.len() - 1);
    all_but_last.map(weigh).collect()
}

/// The elements of a list in a document; none if it is not there.
pub(super) fn list<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    of[key].as_array().into_iter().flatten()
}

/// What a pod requires of the labels of its node.
pub(super) fn expressions(pod: &Value) -> impl Iterator<Item = &Value> {
    let required =
        &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = list(required, "nodeSelectorTerms");
    terms.flat_map(|term| list(term, "matchExpressions"))
}

/// The machine types by the labels of their nodes; `None` if there are no labels.
pub(super) fn machine_types(pod: &Value, labels: &NodeLabels<'_>) -> Option<Vec<String>> {
    let find = |label: &&str| expressions(pod).find(|expression| expression["key"] == **label);
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
