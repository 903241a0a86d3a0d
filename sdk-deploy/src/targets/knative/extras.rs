//! What somebody else put into a service, and a deploy removes.
//!
//! To Kubernetes a list of containers is one value, and so is a list of node selector terms:
//! whoever applies it sets it whole.

use serde_json::Value;

use super::bindings::ClusterBindings;
use super::container_fields::extra_fields;
use super::managers;
use super::node_labels::NodeLabels;
use super::nodes::{REGION_LABEL, expressions, list};
use super::settings::KnativeSettings;
use crate::change::{ArtifactPart, Change, Why};
use crate::machines::CustomMachine;
use crate::parameters::Parameters;

/// What a deploy of a service would remove or restore: names of variables and fields, never values.
/// `known` are the parameters of a service that was deployed, and `sent` what it was given by name.
pub(super) fn extras(
    service: &Value,
    known: Option<&Parameters>,
    sent: &ClusterBindings<'_>,
    custom: &[CustomMachine],
    labels: &NodeLabels<'_>,
) -> Vec<Change> {
    let settings = sent.settings;
    let pod = &service["spec"]["template"]["spec"];
    let (mut env, mut mounts) = (Differences::default(), Differences::default());
    let mut fields = Vec::new();
    // The containers that a deploy applied have nothing of others, whatever the cluster filled in.
    if !managers::has_our_containers(service) {
        let container = &pod["containers"][0];
        env = variables(container, sent);
        mounts = volume_mounts(pod, container, sent);
        fields = extra_fields(container, known, custom);
        fields.extend(other_containers(pod));
    }
    let has_regions = known.is_some_and(|known| !known.regions().is_empty());
    fields.extend(other_node_terms(pod, has_regions, labels));
    if !settings.tolerations.is_empty() {
        fields.extend(other_tolerations(pod, settings));
    }
    let fields = Differences {
        live: fields,
        sent: Vec::new(),
    };
    let parts = [
        (ArtifactPart::Env, env),
        (ArtifactPart::Mounts, mounts),
        (ArtifactPart::Fields, fields),
    ];
    let text = |names: Vec<String>| (!names.is_empty()).then(|| names.join(", "));
    let changes = parts.into_iter().map(|(part, differences)| {
        let (live, sent) = (text(differences.live), text(differences.sent));
        Change::of_part(part, &live, &sent, Why::Drift)
    });
    changes
        .filter(|change| change.from.is_some() || change.to.is_some())
        .collect()
}

/// What differs from what was sent: what the service has, and what a deploy restores.
#[derive(Default)]
struct Differences {
    live: Vec<String>,
    sent: Vec<String>,
}

/// The names of environment variables, and of the objects that they are taken from.
fn variables(container: &Value, sent: &ClusterBindings<'_>) -> Differences {
    let mut differences = Differences::default();
    let mut restored = sent.variables();
    for variable in list(container, "env") {
        let Some(name) = variable["name"].as_str() else {
            continue;
        };
        match restored.get(name) {
            None => differences.live.push(name.into()),
            Some(ours) if is_same_variable(ours, variable) => drop(restored.remove(name)),
            Some(_) => differences.live.push(format!("{name} with another value")),
        }
    }
    let sources = list(container, "envFrom").filter_map(|source| {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        let kinds = [("configMapRef", "config map"), ("secretRef", "secret")];
        let mut named = kinds.iter().filter_map(|(key, kind)| {
            let name = source[*key]["name"].as_str()?;
            Some(format!("{prefix}* of {kind} {name}"))
        });
        named.next()
    });
    differences.live.extend(sources);
    differences.sent = restored.into_keys().map(str::to_owned).collect();
    differences
}

/// Whether a variable is as it was sent. An empty value may be left out.
fn is_same_variable(sent: &Value, live: &Value) -> bool {
    let value = |variable: &Value| variable["value"].as_str().unwrap_or_default().to_owned();
    let source = |variable: &Value| {
        let source = &variable["valueFrom"]["secretKeyRef"];
        let is_other = !variable["valueFrom"].is_null() && source.is_null();
        (is_other, source["name"].clone(), source["key"].clone())
    };
    value(sent) == value(live) && source(sent) == source(live)
}

/// The mounts of volumes, each with the name of its volume.
fn volume_mounts(pod: &Value, container: &Value, sent: &ClusterBindings<'_>) -> Differences {
    let mut differences = Differences::default();
    let mut restored = sent.bindings.volumes.clone();
    for mount in list(container, "volumeMounts") {
        let (Some(name), Some(path)) = (mount["name"].as_str(), mount["mountPath"].as_str()) else {
            continue;
        };
        let mut volumes = list(pod, "volumes");
        let volume = volumes.find(|volume| volume["name"] == name);
        let claim = volume.map(|volume| &volume["persistentVolumeClaim"]["claimName"]);
        match restored.get(path) {
            Some(ours) if claim.is_some_and(|claim| claim == ours) => {
                drop(restored.remove(path));
            }
            _ => differences.live.push(format!("{name} at {path}")),
        }
    }
    let restored = restored
        .iter()
        .map(|(path, name)| format!("{name} at {path}"));
    differences.sent = restored.collect();
    differences
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
