//! What somebody else put into a service, and a deploy removes.
//!
//! To Kubernetes a list of containers is one value, and so is a list of node selector terms:
//! whoever applies it sets it whole.

use serde_json::Value;

use super::container_fields::extra_fields;
use super::managers;
use super::node_labels::NodeLabels;
use super::nodes::{REGION_LABEL, expressions, list};
use super::settings::KnativeSettings;
use crate::change::ArtifactPart;
use crate::machines::CustomMachine;
use crate::parameters::Parameters;

/// What a deploy of a service would remove: names of variables and fields, never values. `known` are
/// the parameters of a service that was deployed.
pub(super) fn extras(
    service: &Value,
    known: Option<&Parameters>,
    custom: &[CustomMachine],
    labels: &NodeLabels<'_>,
    settings: &KnativeSettings,
) -> Vec<(ArtifactPart, Vec<String>)> {
    let pod = &service["spec"]["template"]["spec"];
    let (mut env, mut volumes, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    // The containers that a deploy applied have nothing of others, whatever the cluster filled in.
    if !managers::has_our_containers(service) {
        let container = &pod["containers"][0];
        env = variables(container);
        volumes = mounts(container);
        fields = extra_fields(container, known, custom);
        fields.extend(other_containers(pod));
    }
    let has_regions = known.is_some_and(|known| !known.regions().is_empty());
    fields.extend(other_node_terms(pod, has_regions, labels));
    if !settings.tolerations.is_empty() {
        fields.extend(other_tolerations(pod, settings));
    }
    let parts = [
        (ArtifactPart::Env, env),
        (ArtifactPart::Mounts, volumes),
        (ArtifactPart::Fields, fields),
    ];
    parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .collect()
}

/// The names of environment variables, and of the objects that they are taken from.
fn variables(container: &Value) -> Vec<String> {
    let names = list(container, "env").filter_map(|variable| variable["name"].as_str());
    let sources = list(container, "envFrom").filter_map(|source| {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        let kinds = [("configMapRef", "config map"), ("secretRef", "secret")];
        let mut named = kinds.iter().filter_map(|(key, kind)| {
            let name = source[*key]["name"].as_str()?;
            Some(format!("{prefix}* of {kind} {name}"))
        });
        named.next()
    });
    names.map(str::to_owned).chain(sources).collect()
}

fn mounts(container: &Value) -> Vec<String> {
    let mounts = list(container, "volumeMounts").filter_map(|mount| {
        let (name, path) = (mount["name"].as_str()?, mount["mountPath"].as_str()?);
        Some(format!("{name} at {path}"))
    });
    mounts.collect()
}

fn other_containers(pod: &Value) -> Vec<String> {
    let others = list(pod, "containers").skip(1);
    let names = others.map(|container| container["name"].as_str().unwrap_or("without a name"));
    names.map(|name| format!("container {name}")).collect()
}

/// The labels of nodes that somebody else asks for.
fn other_node_terms(pod: &Value, has_regions: bool, labels: &NodeLabels<'_>) -> Vec<String> {
    let keys = expressions(pod).filter_map(|expression| expression["key"].as_str());
    let others = keys.filter(|label| {
        let is_ours = labels.gpu().contains(label) || (*label == REGION_LABEL && has_regions);
        !is_ours
    });
    others.map(|label| format!("node label {label}")).collect()
}

fn other_tolerations(pod: &Value, settings: &KnativeSettings) -> Vec<String> {
    let is_ours = |toleration: &Value| {
        let mut ours = settings.tolerations.iter();
        ours.any(|ours| serde_json::to_value(ours).is_ok_and(|ours| ours == *toleration))
    };
    let others = list(pod, "tolerations").filter(|toleration| !is_ours(toleration));
    let keys = others.map(|toleration| toleration["key"].as_str().unwrap_or("of all keys"));
    keys.map(|key| format!("toleration {key}")).collect()
}
