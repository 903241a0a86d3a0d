//! What a cluster is configured for: features of Knative that are off by default, and its limits.

use machinist_core::problem::Problem;
use serde_json::{Map, Value};

use super::parameters::{MAX_CONTAINER_CONCURRENCY, MAX_REQUEST_TIMEOUT};
use super::settings::KnativeSettings;
use crate::check::Check;

/// Where Knative keeps its configuration.
pub(super) const NAMESPACE: &str = "knative-serving";
const FEATURES: &str = "config-features";
const DEFAULTS: &str = "config-defaults";
pub(super) const CONFIGURATIONS: [&str; 2] = [FEATURES, DEFAULTS];

const AFFINITY: &str = "kubernetes.podspec-affinity";
const TOLERATIONS: &str = "kubernetes.podspec-tolerations";
const REQUEST_TIMEOUT: &str = "max-revision-timeout-seconds";
const CONCURRENCY: &str = "container-concurrency-max-limit";

/// What a cluster's configuration means for deploys; `answer` is that of `kubectl get configmap`.
pub(super) fn checks(answer: Result<String, Problem>, settings: &KnativeSettings) -> Vec<Check> {
    let subject = "Knative";
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) => {
            let message = format!("its configuration cannot be read: {}", one_line(&problem));
            return vec![Check::warning(subject, message).help(format!(
                "ask for permission to read the config maps of the namespace {NAMESPACE}, or check that Knative Serving is installed"
            ))];
        }
    };
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let maps = answer["items"].as_array().cloned().unwrap_or_default();
    let map = |name: &str| {
        let found = maps.iter().find(|map| map["metadata"]["name"] == name);
        let data = found.and_then(|map| map["data"].as_object());
        data.cloned().unwrap_or_default()
    };
    let (features, defaults) = (map(FEATURES), map(DEFAULTS));
    let why = "machine types with GPUs and regions need it";
    let mut checks = vec![feature(&features, AFFINITY, why)];
    if !settings.tolerations.is_empty() {
        let why = "the settings have tolerations";
        checks.push(feature(&features, TOLERATIONS, why));
    }
    checks.push(limit(
        &defaults,
        REQUEST_TIMEOUT,
        MAX_REQUEST_TIMEOUT,
        "a `request_timeout` in seconds",
    ));
    checks.push(limit(
        &defaults,
        CONCURRENCY,
        MAX_CONTAINER_CONCURRENCY,
        "a `max_multiplexing`",
    ));
    checks
}

fn one_line(problem: &Problem) -> String {
    let note = problem.note.as_deref().unwrap_or_default();
    let last = note.lines().last().unwrap_or_default();
    match last {
        "" => problem.message.clone(),
        last => format!("{} ({last})", problem.message),
    }
}

fn feature(features: &Map<String, Value>, name: &str, why: &str) -> Check {
    let value = features
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or("disabled");
    match value.eq_ignore_ascii_case("enabled") || value.eq_ignore_ascii_case("allowed") {
        true => Check::ok(name, value),
        false => Check::error(name, format!("{value}, and {why}")).help(format!(
            "run `kubectl patch configmap {FEATURES} -n {NAMESPACE} --type=merge -p \
             '{{\"data\":{{\"{name}\":\"enabled\"}}}}'`"
        )),
    }
}

fn limit(defaults: &Map<String, Value>, name: &str, default: u32, of: &str) -> Check {
    let value = defaults.get(name).and_then(Value::as_str);
    let value = value.map_or_else(|| default.to_string(), str::to_owned);
    Check::ok(name, format!("{of} is at most {value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::CheckStatus;

    fn checks_of(features: &Value, defaults: &Value, settings: &KnativeSettings) -> Vec<Check> {
        let map = |name: &str, data: &Value| json!({"metadata": {"name": name}, "data": data});
        let list = json!({"items": [map(FEATURES, features), map(DEFAULTS, defaults)]});
        checks(Ok(list.to_string()), settings)
    }

    #[test]
    fn a_feature_that_is_off_is_an_error_with_the_command_that_turns_it_on() {
        let settings = KnativeSettings::default();
        let off = checks_of(&json!({}), &json!({}), &settings);
        assert_eq!(off[0].status, CheckStatus::Error);
        assert!(
            off[0]
                .help
                .as_ref()
                .unwrap()
                .contains(r#"{"data":{"kubernetes.podspec-affinity":"enabled"}}"#)
        );
        let on = checks_of(&json!({AFFINITY: "Enabled"}), &json!({}), &settings);
        assert!(
            on.iter().all(|check| check.status == CheckStatus::Ok),
            "{on:?}"
        );
        // Tolerations matter only where the settings have some.
        let tolerations = vec![[("key".to_owned(), "gpu".to_owned())].into()];
        let settings = KnativeSettings {
            tolerations,
            ..KnativeSettings::default()
        };
        let off = checks_of(&json!({AFFINITY: "enabled"}), &json!({}), &settings);
        assert_eq!(off[1].subject, TOLERATIONS);
        assert_eq!(off[1].status, CheckStatus::Error);
    }

    #[test]
    fn limits_are_those_of_the_cluster_or_the_defaults() {
        let settings = KnativeSettings::default();
        let shown = checks_of(&json!({}), &json!({REQUEST_TIMEOUT: "3600"}), &settings);
        let texts: Vec<&str> = shown.iter().map(|check| &*check.message).collect();
        assert_eq!(
            texts[1..],
            [
                "a `request_timeout` in seconds is at most 3600",
                "a `max_multiplexing` is at most 1000"
            ]
        );
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_a_warning() {
        let problem = Problem::new("`kubectl` failed").note("its output: forbidden");
        let checks = checks(Err(problem), &KnativeSettings::default());
        assert_eq!(checks[0].status, CheckStatus::Warning);
        assert!(checks[0].message.contains("forbidden"));
    }
}
