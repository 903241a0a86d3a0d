//! The parameters of a Knative service: how each is carried, written and read back.

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use machinist_core::setting::Setting;
use serde_json::{Map, Value, json};

use super::node_labels::NodeLabels;
use super::nodes;
use super::settings::{KnativeSettings, NAME};
use crate::machines::{self, CustomMachine, has_gpus};
use crate::parameters::{Overrides, Parameters};
use crate::targets::carries::{Carries, approximated};
use crate::targets::region_names;

/// The platform's name in messages.
pub(super) const PLATFORM: &str = "Knative";

/// The longest delay of the autoscaler, in seconds.
const MAX_DELAY: u32 = 3_600;
/// The request timeout that a cluster writes by default, in seconds.
const DEFAULT_REQUEST_TIMEOUT: u32 = 300;
/// The longest request timeout that a cluster allows by default, in seconds.
const MAX_REQUEST_TIMEOUT: u32 = 600;
/// The highest concurrency of a container that a cluster allows by default.
const MAX_CONTAINER_CONCURRENCY: u32 = 1_000;

const MIN_SCALE: &str = "autoscaling.knative.dev/min-scale";
const MAX_SCALE: &str = "autoscaling.knative.dev/max-scale";
const RETENTION: &str = "autoscaling.knative.dev/scale-to-zero-pod-retention-period";
const SCALE_DOWN_DELAY: &str = "autoscaling.knative.dev/scale-down-delay";
const UTILIZATION: &str = "autoscaling.knative.dev/target-utilization-percentage";
/// Knative takes it from the template alone, and ignores it on the service itself.
const DEADLINE: &str = "serving.knative.dev/progress-deadline";
/// Seconds between the probes of a starting runner.
const PROBE_PERIOD: u32 = 10;

/// How a service carries a parameter.
pub(super) fn carries(key: Key, settings: &KnativeSettings) -> Carries<'_> {
    match key {
        Key::MachineType
        | Key::Gpus
        | Key::MaxMultiplexing
        | Key::StartupTimeout
        | Key::Port
        | Key::HealthCheck
        | Key::MinConcurrency
        | Key::MaxConcurrency
        | Key::RequestTimeout => Carries::Exactly,
        Key::KeepAlive => Carries::Depends("yes, up to 1h", Box::new(keep_alive_rule)),
        Key::ConcurrencyBufferPerc => Carries::Depends(
            "as a target utilization in whole percent: 25 is exact, others are approximate",
            Box::new(buffer_rule),
        ),
        Key::Regions => region_names::rule(
            "yes, if `knative.regions` of the settings has the cluster's name",
            "the cluster",
            NAME,
            &settings.regions,
        ),
        Key::TerminationGracePeriod => Carries::Not("Knative sets it"),
        Key::ConcurrencyBuffer | Key::ScalingDelay | Key::RequestStartTimeout => Carries::Not(""),
    }
}

/// The rule of `keep_alive`: the autoscaler has a limit.
fn keep_alive_rule(app: &str, all: &Parameters) -> Vec<Problem> {
    let is_over = |seconds: &u32| *seconds > MAX_DELAY;
    let over = all.number(Key::KeepAlive).filter(is_over);
    let message =
        |_| format!("`keep_alive` of `{app}` exceeds Knative's limit, and is shortened to 1h");
    over.map(message).map(Problem::new).into_iter().collect()
}

/// The rule of `concurrency_buffer_perc`: a utilization is a whole percentage.
fn buffer_rule(app: &str, all: &Parameters) -> Vec<Problem> {
    let Some(perc) = all.number(Key::ConcurrencyBufferPerc) else {
        return Vec::new();
    };
    let utilization = utilization(perc);
    match utilization * (100 + perc) == 10_000 {
        true => Vec::new(),
        false => {
            let how = "its target utilization is a whole percentage";
            let problem = approximated(PLATFORM, app, Key::ConcurrencyBufferPerc, how);
            vec![problem.note(format!("the target utilization is {utilization} percent"))]
        }
    }
}

/// The annotations of the code's parameters.
pub(super) fn code_annotations(all: &Parameters) -> Map<String, Value> {
    let mut annotations = Map::new();
    if let Some(seconds) = all.number(Key::StartupTimeout) {
        annotations.insert(DEADLINE.into(), seconds_text(seconds).into());
    }
    annotations
}

/// The fields of a pod with the code's parameters.
pub(super) fn pod_fields(all: &Parameters) -> Map<String, Value> {
    // Without a limit a runner gets more concurrent requests than its code may expect.
    let concurrency = all.number_or_default(Key::MaxMultiplexing);
    Map::from_iter([("containerConcurrency".into(), concurrency.into())])
}

/// The fields of a container with the code's parameters.
pub(super) fn container_fields(all: &Parameters) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(port) = all.number(Key::Port) {
        fields.insert("ports".into(), json!([{"containerPort": port}]));
    }
    if let Some(path) = all.health_check_path() {
        let mut get = json!({"httpGet": {"path": path}});
        if let Some(port) = all.number(Key::Port) {
            get["httpGet"]["port"] = port.into();
        }
        fields.insert("readinessProbe".into(), get.clone());
        if let Some(seconds) = all.number(Key::StartupTimeout) {
            let mut probe = get;
            probe["periodSeconds"] = PROBE_PERIOD.into();
            probe["failureThreshold"] = seconds.div_ceil(PROBE_PERIOD).into();
            fields.insert("startupProbe".into(), probe);
        }
    }
    fields
}

/// What the cluster must be configured for.
pub(super) fn needs(all: &Parameters) -> Vec<String> {
    let mut needs = Vec::new();
    if let Some(seconds) = all
        .number(Key::RequestTimeout)
        .filter(|s| *s > MAX_REQUEST_TIMEOUT)
    {
        needs.push(format!(
            "`max-revision-timeout-seconds: \"{seconds}\"` or more in Knative's config-defaults"
        ));
    }
    if let Some(concurrency) = all
        .number(Key::MaxMultiplexing)
        .filter(|concurrency| *concurrency > MAX_CONTAINER_CONCURRENCY)
    {
        needs.push(format!(
            "`container-concurrency-max-limit: \"{concurrency}\"` or more in Knative's \
             config-defaults"
        ));
    }
    needs
}

/// The scaling parameters that a service supports, at their places.
pub(super) fn scaling_template(values: &Overrides) -> Map<String, Value> {
    let annotations = annotations(values);
    let mut template = Map::new();
    if !annotations.is_empty() {
        template.insert("metadata".into(), json!({"annotations": annotations}));
    }
    if let Some(value) = values.get(Key::RequestTimeout) {
        let seconds = value.as_ref().and_then(Setting::number);
        template.insert("spec".into(), json!({"timeoutSeconds": seconds}));
    }
    template
}

fn seconds_text(seconds: u32) -> String {
    format!("{seconds}s")
}

/// Scaling parameters as annotations; `null` removes one.
fn annotations(scaling: &Overrides) -> Map<String, Value> {
    let mut annotations = Map::new();
    let mut add = |name: &str, value: Option<String>| {
        annotations.insert(name.into(), value.map_or(Value::Null, Value::from));
    };
    for (key, value) in scaling.iter() {
        let number = value.as_ref().and_then(Setting::number);
        let text = number.map(|number| number.to_string());
        match key {
            Key::MinConcurrency => add(MIN_SCALE, text),
            // Without a limit a cluster adds replicas as long as it has machines.
            Key::MaxConcurrency => {
                let default = key.parameter().platform_default;
                add(MAX_SCALE, text.or_else(|| Some(default?.to_string())));
            }
            Key::KeepAlive => {
                let text = number.map(|seconds| seconds_text(seconds.min(MAX_DELAY)));
                add(RETENTION, text.clone());
                add(SCALE_DOWN_DELAY, text);
            }
            Key::ConcurrencyBufferPerc => {
                add(
                    UTILIZATION,
                    Some(utilization(number.unwrap_or(0)).to_string()),
                );
            }
            // At another place of the service, or not carried.
            Key::MachineType
            | Key::Gpus
            | Key::MaxMultiplexing
            | Key::StartupTimeout
            | Key::Port
            | Key::HealthCheck
            | Key::TerminationGracePeriod
            | Key::ConcurrencyBuffer
            | Key::ScalingDelay
            | Key::RequestTimeout
            | Key::RequestStartTimeout
            | Key::Regions => {}
        }
    }
    annotations
}

/// The target utilization in percent. A buffer of spare runners is the same as a lower utilization.
fn utilization(buffer_perc: u32) -> u32 {
    (10_000 / (100 + buffer_perc)).max(1)
}

/// A parameter of a service: `None` if it does not tell, `Some(None)` if it is not set there. If
/// several values look the same there, the known one is taken.
pub(super) fn read(
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
            let machines = nodes::machine_types(pod, labels);
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
