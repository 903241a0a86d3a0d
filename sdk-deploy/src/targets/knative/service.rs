//! An app as a Knative service.

use machinist_core::own::FILE;
use machinist_core::parameter;
use machinist_core::platform::NODE_LABEL;
use machinist_core::problem::Problem;
use serde_json::{Map, Value, json};

use super::settings::KnativeSettings;
use crate::app_plan::AppPlan;
use crate::machines::{self, Machine};
use crate::parameters::{self, Parameters, set_default};
use crate::targets::interface::Project;
use crate::targets::messages::{no_image, not_supported, unsupported};

/// The longest delay of the autoscaler, in seconds.
pub(super) const MAX_DELAY: u64 = 3_600;
/// The longest request timeout that a cluster allows by default, in seconds.
const MAX_REQUEST_TIMEOUT: u64 = 600;

pub(super) const MIN_SCALE: &str = "autoscaling.knative.dev/min-scale";
pub(super) const MAX_SCALE: &str = "autoscaling.knative.dev/max-scale";
pub(super) const RETENTION: &str = "autoscaling.knative.dev/scale-to-zero-pod-retention-period";
const SCALE_DOWN_DELAY: &str = "autoscaling.knative.dev/scale-down-delay";
pub(super) const UTILIZATION: &str = "autoscaling.knative.dev/target-utilization-percentage";
pub(super) const DEADLINE: &str = "serving.knative.dev/progress-deadline";

/// The keys that a service does not support.
const UNSUPPORTED: &[&str] = &[
    parameter::CONCURRENCY_BUFFER,
    parameter::SCALING_DELAY,
    parameter::REQUEST_START_TIMEOUT,
    parameter::TERMINATION_GRACE_PERIOD,
];

/// An app as a service.
pub(super) struct Service<'a> {
    app: &'a AppPlan,
    all: Parameters,
    code: Parameters,
    gpus: u32,
    machines: Vec<Machine>,
    image: Option<String>,
    auth: Option<String>,
    settings: &'a KnativeSettings,
}

impl<'a> Service<'a> {
    pub(super) fn new(app: &'a AppPlan, project: &'a Project) -> Self {
        let effective = app.effective.as_ref();
        let code = effective.map_or_else(Parameters::new, |effective| effective.code.clone());
        let app_settings = project.settings(&app.name);
        let settings = &project.knative;
        let machines = machines::named_in(&code, &app.machines);
        Self {
            app,
            all: app.all_parameters(),
            gpus: parameters::gpus(&code),
            machines: machines
                .into_iter()
                .map(|machine| labelled(machine, settings))
                .collect(),
            code,
            image: app_settings.image,
            auth: app_settings.auth,
            settings,
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        parameters::number(&self.all, key)
    }

    /// Checks what a service needs.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let name = &self.app.name;
        if self.image.is_none() {
            return Err(no_image("Knative", name));
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let message = format!("the name of a Knative service begins with a letter: `{name}`");
            return Err(Problem::new(message).help("give the app another name"));
        }
        let unlabelled = self
            .machines
            .iter()
            .find(|machine| machine.has_gpus && machine.node_labels.is_empty());
        match unlabelled {
            Some(machine) => Err(Problem::new(format!(
                "the node label of `{}` is not known",
                machine.name
            ))
            .help(format!(
                "write its `node_labels` in `{FILE}`, or `knative.node_labels.{} = [\"...\"]` in \
                 `[workspace.metadata.machinist]`",
                machine.name
            ))),
            None => Ok(()),
        }
    }

    /// The part that every deploy sets from the code.
    pub(super) fn code_part(&self) -> Value {
        let mut metadata = self.metadata();
        if let Some(seconds) = self.number(parameter::STARTUP_TIMEOUT) {
            let deadline = json!({DEADLINE: seconds_text(seconds)});
            metadata.insert("annotations".into(), deadline);
        }
        service_with(metadata, object([("spec", self.pod().into())]))
    }

    /// The part with the scaling.
    pub(super) fn scaling_part(&self) -> Value {
        service_with(self.metadata(), scaling_template(&self.scaling()).into())
    }

    fn metadata(&self) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("name".into(), self.app.name.clone().into());
        if let Some(namespace) = &self.settings.namespace {
            metadata.insert("namespace".into(), namespace.clone().into());
        }
        metadata
    }

    fn scaling(&self) -> Parameters {
        let mut scaling = self.app.effective.clone().unwrap_or_default().scaling;
        // Without a limit a cluster adds replicas as long as it has machines.
        set_default(&mut scaling, parameter::MAX_CONCURRENCY);
        set_default(&mut scaling, parameter::CONCURRENCY_BUFFER_PERC);
        scaling
    }

    fn pod(&self) -> Map<String, Value> {
        let mut pod = Map::new();
        // Without a limit a runner gets more concurrent requests than its code may expect.
        let mut code = self.code.clone();
        set_default(&mut code, parameter::MAX_MULTIPLEXING);
        pod.insert(
            "containerConcurrency".into(),
            code[parameter::MAX_MULTIPLEXING].clone(),
        );
        if let Some(account) = &self.settings.service_account {
            pod.insert("serviceAccountName".into(), account.clone().into());
        }
        let terms = self.node_terms();
        if !terms.is_empty() {
            let terms = vec![object([("matchExpressions", terms.into())])];
            let required = object([("nodeSelectorTerms", terms.into())]);
            let mut affinity =
                object([("requiredDuringSchedulingIgnoredDuringExecution", required)]);
            let preferred = self.preferred();
            if !preferred.is_empty() {
                affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred.into();
            }
            pod.insert("affinity".into(), object([("nodeAffinity", affinity)]));
        }
        if !self.settings.tolerations.is_empty() {
            pod.insert("tolerations".into(), json!(self.settings.tolerations));
        }
        pod.insert("containers".into(), vec![self.container()].into());
        pod
    }

    fn container(&self) -> Value {
        let mut container = Map::new();
        container.insert(
            "image".into(),
            self.image.clone().unwrap_or_default().into(),
        );
        if let Some(port) = self.number(parameter::PORT) {
            container.insert("ports".into(), json!([{"containerPort": port}]));
        }
        container.insert("resources".into(), self.resources());
        if let Some(path) = parameters::health_check_path(&self.all) {
            let mut get = json!({"httpGet": {"path": path}});
            if let Some(port) = self.number(parameter::PORT) {
                get["httpGet"]["port"] = port.into();
            }
            container.insert("readinessProbe".into(), get.clone());
            if let Some(seconds) = self.number(parameter::STARTUP_TIMEOUT) {
                let mut probe = get;
                probe["periodSeconds"] = PROBE_PERIOD.into();
                probe["failureThreshold"] = seconds.div_ceil(PROBE_PERIOD).into();
                container.insert("startupProbe".into(), probe);
            }
        }
        container.into()
    }

    /// The resources that every listed machine type has.
    fn resources(&self) -> Value {
        let gpus = self.gpus;
        let millicores = machines::smallest(&self.machines, gpus, |machine| machine.millicores);
        let ram_mb = machines::smallest(&self.machines, gpus, |machine| machine.ram_mb);
        let mut resources = json!({
            "requests": {"cpu": format!("{millicores}m"), "memory": format!("{ram_mb}M")},
        });
        if gpus > 0 {
            resources["limits"] = json!({"nvidia.com/gpu": gpus.to_string()});
        }
        resources
    }

    fn node_terms(&self) -> Vec<Value> {
        let labels: Vec<&String> = self
            .machines
            .iter()
            .flat_map(|machine| &machine.node_labels)
            .collect();
        let regions = self.regions();
        let term =
            |key: &str, values: Value| json!({"key": key, "operator": "In", "values": values});
        let gpus = (!labels.is_empty()).then(|| term(gpu_label(self.settings), json!(labels)));
        let regions = (!regions.is_empty()).then(|| term(REGION_LABEL, json!(regions)));
        gpus.into_iter().chain(regions).collect()
    }

    /// The order of the machine types as weights: the first one has the highest.
    fn preferred(&self) -> Vec<Value> {
        let with_gpus: Vec<&Machine> = self
            .machines
            .iter()
            .filter(|machine| machine.has_gpus)
            .collect();
        if with_gpus.len() < 2 {
            return Vec::new();
        }
        let weigh = |(place, machine): (usize, &&Machine)| {
            let expression = json!({
                "key": gpu_label(self.settings), "operator": "In", "values": machine.node_labels,
            });
            let weight = 100usize
                .saturating_sub(place * 100 / with_gpus.len())
                .max(1);
            json!({"weight": weight, "preference": {"matchExpressions": [expression]}})
        };
        let all_but_last = with_gpus.iter().enumerate().take(with_gpus.len() - 1);
        all_but_last.map(weigh).collect()
    }

    /// The cluster's names of the regions.
    fn regions(&self) -> Vec<&String> {
        parameters::regions(&self.all)
            .filter_map(|name| self.settings.regions.get(name))
            .collect()
    }

    /// Warnings for what a service does not support.
    pub(super) fn warnings(&self) -> Vec<Problem> {
        let name = &self.app.name;
        let mut warnings = unsupported("Knative", self.app, UNSUPPORTED);
        if self.auth.as_ref().is_some_and(|auth| auth != "public") {
            warnings.push(not_supported("Knative", name, "auth"));
        }
        if self
            .number(parameter::KEEP_ALIVE)
            .is_some_and(|seconds| seconds > MAX_DELAY)
        {
            let message =
                format!("`keep_alive` of `{name}` exceeds Knative's limit, and is shortened to 1h");
            warnings.push(Problem::new(message));
        }
        for region in parameters::regions(&self.all) {
            if !self.settings.regions.contains_key(region) {
                let message = format!(
                    "the cluster's name of the region `{region}` is not known: \
                                       `{name}` is not placed there"
                );
                let help = format!(
                    "write `knative.regions.{region} = \"...\"` in \
                                    `[workspace.metadata.machinist]`"
                );
                warnings.push(Problem::new(message).help(help));
            }
        }
        warnings
    }

    /// What the cluster must be configured for.
    pub(super) fn needs(&self) -> Vec<String> {
        let mut needs = Vec::new();
        if !self.node_terms().is_empty() {
            needs
                .push("`kubernetes.podspec-affinity: enabled` in Knative's config-features".into());
        }
        if !self.settings.tolerations.is_empty() {
            needs.push(
                "`kubernetes.podspec-tolerations: enabled` in Knative's config-features".into(),
            );
        }
        if let Some(seconds) = self
            .number(parameter::REQUEST_TIMEOUT)
            .filter(|s| *s > MAX_REQUEST_TIMEOUT)
        {
            needs.push(format!(
                "`max-revision-timeout-seconds: \"{seconds}\"` or more in Knative's config-defaults"
            ));
        }
        needs
    }
}

/// A machine type with the node labels of the settings, if there are any.
pub(super) fn labelled(mut machine: Machine, settings: &KnativeSettings) -> Machine {
    if let Some(labels) = settings.node_labels.get(&machine.name) {
        machine.node_labels.clone_from(labels);
    }
    machine
}

/// The label of nodes that names their GPU.
pub(super) fn gpu_label(settings: &KnativeSettings) -> &str {
    settings.gpu_label.as_deref().unwrap_or(NODE_LABEL)
}

/// A service with this metadata and template.
fn service_with(metadata: Map<String, Value>, template: Value) -> Value {
    object([
        ("apiVersion", "serving.knative.dev/v1".into()),
        ("kind", "Service".into()),
        ("metadata", metadata.into()),
        ("spec", object([("template", template)])),
    ])
}

/// An object of these members, without the copies of `json!`.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(key, value)| (key.into(), value));
    Map::from_iter(members).into()
}

/// Merges two parts; values that both have are the same.
pub(super) fn merged(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            for (key, value) in second {
                match first.get_mut(&key) {
                    Some(here) => *here = merged(here.take(), value),
                    None => drop(first.insert(key, value)),
                }
            }
            first.into()
        }
        (first, _) => first,
    }
}

/// Seconds between the probes of a starting runner.
const PROBE_PERIOD: u64 = 10;

const REGION_LABEL: &str = "topology.kubernetes.io/region";

fn seconds_text(seconds: u64) -> String {
    format!("{seconds}s")
}

/// Scaling parameters as annotations; `null` removes one.
fn annotations(scaling: &Parameters) -> Map<String, Value> {
    let mut annotations = Map::new();
    let mut add = |name: &str, value: Option<String>| {
        annotations.insert(name.into(), value.map_or(Value::Null, Value::from));
    };
    for (key, value) in scaling {
        let number = value.as_u64();
        let text = number.map(|number| number.to_string());
        match &**key {
            parameter::MIN_CONCURRENCY => add(MIN_SCALE, text),
            parameter::MAX_CONCURRENCY => add(MAX_SCALE, text),
            parameter::KEEP_ALIVE => {
                let text = number.map(|seconds| seconds_text(seconds.min(MAX_DELAY)));
                add(RETENTION, text.clone());
                add(SCALE_DOWN_DELAY, text);
            }
            parameter::CONCURRENCY_BUFFER_PERC => {
                add(
                    UTILIZATION,
                    Some(utilization(number.unwrap_or(0)).to_string()),
                );
            }
            _ => {}
        }
    }
    annotations
}

/// The target utilization in percent. A buffer of spare runners is the same as a lower utilization.
pub(super) fn utilization(buffer_perc: u64) -> u64 {
    (10_000 / (100 + buffer_perc)).max(1)
}

/// The scaling parameters that a service supports, at their places.
fn scaling_template(values: &Parameters) -> Map<String, Value> {
    let annotations = annotations(values);
    let mut template = Map::new();
    if !annotations.is_empty() {
        template.insert("metadata".into(), json!({"annotations": annotations}));
    }
    if let Some(seconds) = values.get(parameter::REQUEST_TIMEOUT) {
        template.insert("spec".into(), json!({"timeoutSeconds": seconds}));
    }
    template
}

/// A patch that sets scaling parameters of a service; empty if it supports none of them.
pub(super) fn scaling_patch(values: &Parameters) -> Value {
    let template = scaling_template(values);
    match template.is_empty() {
        true => json!({}),
        false => json!({"spec": {"template": template}}),
    }
}
