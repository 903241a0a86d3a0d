//! The fields of a container that a deploy does not send, and removes therefore.

use machinist_core::parameter::Key;
use machinist_core::setting::Setting;
use serde_json::Value;

use super::service;
use crate::machines;
use crate::machines::CustomMachine;
use crate::parameters::Parameters;

/// Fields that Knative and Kubernetes fill in by themselves.
const FILLED_IN: [&str; 4] = [
    "name",
    "imagePullPolicy",
    "terminationMessagePath",
    "terminationMessagePolicy",
];

/// Fields whose members are told one by one elsewhere.
const TOLD_ELSEWHERE: [&str; 3] = ["env", "envFrom", "volumeMounts"];

/// Fields of a security context that Knative fills in where pods are secure by default.
const SECURE_BY_DEFAULT: [&str; 4] = [
    "allowPrivilegeEscalation",
    "capabilities",
    "runAsNonRoot",
    "seccompProfile",
];

/// Fields that are read as parameters, so a change of one is told as that.
const PARAMETERS: [&str; 3] = [
    "ports[0].containerPort",
    "resources.limits.nvidia.com/gpu",
    "readinessProbe.httpGet.path",
];

/// The probes that a deploy may send.
const PROBES: [&str; 2] = ["readinessProbe.", "startupProbe."];

/// The paths of what a container has and a deploy does not send. Without `known` parameters, what it
/// may send counts as sent.
pub(super) fn extra_fields(
    container: &Value,
    known: Option<&Parameters>,
    custom: &[CustomMachine],
) -> Vec<String> {
    let everything = sent(&every_field(), &[]);
    let sent = match known {
        Some(known) => sent(known, custom),
        None => everything.clone(),
    };
    let mut extra = Vec::new();
    for (key, value) in container.as_object().into_iter().flatten() {
        if everything.get(key).is_some() {
            add_extra(key, value, sent.get(key), &mut extra);
        } else if !is_left_out(key, value) {
            extra.push(key.clone());
        }
    }
    extra
}

fn sent(parameters: &Parameters, custom: &[CustomMachine]) -> Value {
    let machines = machines::named_in(parameters, custom);
    service::container(parameters, &machines, String::new()).into()
}

/// Parameters with which a deploy sends every field that it ever sends.
fn every_field() -> Parameters {
    let number = |key| (key, Setting::Number(1));
    let numbers = [Key::Port, Key::Gpus, Key::StartupTimeout].map(number);
    let path = (Key::HealthCheck, Setting::Path("/".into()));
    numbers.into_iter().chain([path]).collect()
}

/// Whether a field that a deploy never sends is no extra.
fn is_left_out(key: &str, value: &Value) -> bool {
    let is_secure_by_default = || {
        let mut members = value.as_object().into_iter().flatten();
        key == "securityContext" && members.all(|(key, _)| SECURE_BY_DEFAULT.contains(&&**key))
    };
    value.is_null()
        || FILLED_IN.contains(&key)
        || TOLD_ELSEWHERE.contains(&key)
        || is_secure_by_default()
}

/// Adds the paths of the leaves that are not sent; an item of a list that is not sent is one path.
fn add_extra(path: &str, live: &Value, sent: Option<&Value>, extra: &mut Vec<String>) {
    match live {
        Value::Object(members) => {
            for (key, value) in members {
                let sent = sent.and_then(|sent| sent.get(key));
                add_extra(&format!("{path}.{key}"), value, sent, extra);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                match sent.and_then(|sent| sent.get(index)) {
                    None if index > 0 => extra.push(path),
                    sent => add_extra(&path, item, sent, extra),
                }
            }
        }
        Value::Null => {}
        _ if sent.is_some() || PARAMETERS.contains(&path) || is_filled_in(path, live) => {}
        _ => extra.push(path.to_owned()),
    }
}

/// Whether Knative or Kubernetes write this value where none is set.
fn is_filled_in(path: &str, value: &Value) -> bool {
    let mut probes = PROBES.iter();
    if let Some(field) = probes.find_map(|probe| path.strip_prefix(probe)) {
        return match field {
            "successThreshold" | "timeoutSeconds" => *value == 1,
            "failureThreshold" => *value == 3,
            "periodSeconds" => *value == 10,
            "initialDelaySeconds" | "httpGet.port" | "tcpSocket.port" => *value == 0,
            "httpGet.scheme" => value == "HTTP",
            _ => false,
        };
    }
    match path {
        "ports[0].protocol" => value == "TCP",
        "ports[0].name" => value == "http1" || value == "user-port",
        // It is always the same as the limit.
        "resources.requests.nvidia.com/gpu" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(with_probe: bool) -> Parameters {
        let machine = (Key::MachineType, Setting::List(vec!["GPU-H100".into()]));
        let numbers = [(Key::Gpus, 1), (Key::Port, 8080)];
        let numbers = numbers.map(|(key, number)| (key, Setting::Number(number)));
        let probe = [
            (Key::HealthCheck, Setting::Path("/health".into())),
            (Key::StartupTimeout, Setting::Number(60)),
        ];
        let probe = probe.into_iter().filter(|_| with_probe);
        [machine].into_iter().chain(numbers).chain(probe).collect()
    }

    /// The container as it is sent, with this in it.
    fn container(known: &Parameters, with: Value) -> Value {
        service::merged(sent(known, &[]), with)
    }

    #[test]
    fn what_a_cluster_fills_in_is_no_extra() {
        let filled_in = json!({
            "name": "user-container",
            "ports": [{"containerPort": 8080, "name": "http1", "protocol": "TCP"}],
            "readinessProbe": {"successThreshold": 1, "httpGet": {"scheme": "HTTP"}},
            "startupProbe": {"timeoutSeconds": 1},
            "resources": {"requests": {"nvidia.com/gpu": "1"}},
            "securityContext": {"allowPrivilegeEscalation": false},
        });
        let with_probe = known(true);
        let live = container(&with_probe, filled_in);
        assert_eq!(extra_fields(&live, Some(&with_probe), &[]), [""; 0]);
        // Where the code has no health check.
        let without = known(false);
        let probe = json!({"readinessProbe": {"successThreshold": 1, "tcpSocket": {"port": 0}}});
        let live = container(&without, probe);
        assert_eq!(extra_fields(&live, Some(&without), &[]), [""; 0]);
        assert_eq!(extra_fields(&json!({"resources": {}}), None, &[]), [""; 0]);
    }

    #[test]
    fn a_leaf_in_a_field_that_is_sent_is_told_by_its_path() {
        for (with_probe, with, expected) in [
            (
                false,
                json!({"startupProbe": {"tcpSocket": {"port": 9}, "periodSeconds": 5}}),
                "startupProbe.tcpSocket.port, startupProbe.periodSeconds",
            ),
            (
                false,
                json!({"readinessProbe": {"tcpSocket": {"port": 9000}}}),
                "readinessProbe.tcpSocket.port",
            ),
            (
                true,
                json!({"readinessProbe": {"failureThreshold": 9}, "args": ["-v"]}),
                "args, readinessProbe.failureThreshold",
            ),
            (
                true,
                json!({"resources": {"limits": {"cpu": "2"}, "requests": {"disk": "1G"}}}),
                "resources.limits.cpu, resources.requests.disk",
            ),
        ] {
            let known = known(with_probe);
            let mut extra = extra_fields(&container(&known, with), Some(&known), &[]);
            extra.sort_unstable();
            let mut expected: Vec<&str> = expected.split(", ").collect();
            expected.sort_unstable();
            assert_eq!(extra, expected);
        }
        let mut live = container(&known(true), json!({}));
        live["ports"] = json!([{"containerPort": 8080, "name": "h2c"}, {"containerPort": 9090}]);
        let extra = extra_fields(&live, Some(&known(true)), &[]);
        assert_eq!(extra, ["ports[0].name", "ports[1]"]);
    }
}
