//! What somebody else put into a service, and a deploy removes.
//!
//! To Kubernetes a list of containers is one value, and so is a list of node selector terms:
//! whoever applies it sets it whole.

use serde_json::Value;

use super::nodes::{REGION_LABEL, expressions, gpu_label, list};
use super::settings::KnativeSettings;
use crate::change::ArtifactPart;

/// The fields of a container that a deploy sends.
const SENT: [&str; 5] = [
    "image",
    "ports",
    "resources",
    "readinessProbe",
    "startupProbe",
];

/// Fields that Knative and Kubernetes fill in by themselves.
const FILLED_IN: [&str; 4] = [
    "name",
    "imagePullPolicy",
    "terminationMessagePath",
    "terminationMessagePolicy",
];

/// Fields of a security context that Knative fills in where pods are secure by default.
const SECURE_BY_DEFAULT: [&str; 4] = [
    "allowPrivilegeEscalation",
    "capabilities",
    "runAsNonRoot",
    "seccompProfile",
];

/// What a deploy of a service would remove: names of variables and fields, never values.
pub(super) fn extras(
    service: &Value,
    has_regions: bool,
    settings: &KnativeSettings,
) -> Vec<(ArtifactPart, Vec<String>)> {
    let pod = &service["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let mut fields = other_fields(container);
    fields.extend(other_containers(pod));
    fields.extend(other_node_terms(pod, has_regions, settings));
    if !settings.tolerations.is_empty() {
        fields.extend(other_tolerations(pod, settings));
    }
    let parts = [
        (ArtifactPart::Env, variables(container)),
        (ArtifactPart::Mounts, mounts(container)),
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

fn other_fields(container: &Value) -> Vec<String> {
    let members = container.as_object().into_iter().flatten();
    let is_known = |key: &str| SENT.contains(&key) || FILLED_IN.contains(&key);
    let is_default = |key: &str, value: &Value| match key {
        "env" | "envFrom" | "volumeMounts" => true,
        "securityContext" => value.as_object().is_some_and(|context| {
            let mut keys = context.keys();
            keys.all(|key| SECURE_BY_DEFAULT.contains(&&**key))
        }),
        _ => value.is_null(),
    };
    let others = members.filter(|(key, value)| !is_known(key) && !is_default(key, value));
    others.map(|(key, _)| key.clone()).collect()
}

fn other_containers(pod: &Value) -> Vec<String> {
    let others = list(pod, "containers").skip(1);
    let names = others.map(|container| container["name"].as_str().unwrap_or("without a name"));
    names.map(|name| format!("container {name}")).collect()
}

/// The labels of nodes that somebody else asks for.
fn other_node_terms(pod: &Value, has_regions: bool, settings: &KnativeSettings) -> Vec<String> {
    let labels = expressions(pod).filter_map(|expression| expression["key"].as_str());
    let others = labels.filter(|label| {
        let is_ours = *label == gpu_label(settings) || (*label == REGION_LABEL && has_regions);
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
