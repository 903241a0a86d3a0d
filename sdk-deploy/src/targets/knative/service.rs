//! An app as a Knative service.

use machinist_core::custom::NODE_LABELS;
use machinist_core::machines_toml::FILE;
use machinist_core::parameter::Key;
use machinist_core::platform::NODE_LABEL;
use machinist_core::problem::Problem;
use machinist_core::setting::Setting;
use serde_json::{Map, Value, json};

use super::settings::KnativeSettings;
use crate::app_plan::AppPlan;
use crate::artifact::{Artifact, SentNodeLabels};
use crate::history::now;
use crate::machines::{self, CustomMachine, has_gpus};
use crate::parameters::{Overrides, Parameters};
use crate::targets::carries::approximated;
use crate::targets::machine_demands::custom_machines;
use crate::targets::messages::check_first_letter;
use crate::targets::region_names;

/// The platform's name in messages.
pub(super) const PLATFORM: &str = "Knative";

/// The longest delay of the autoscaler, in seconds.
pub(super) const MAX_DELAY: u32 = 3_600;
/// The longest request timeout that a cluster allows by default, in seconds.
const MAX_REQUEST_TIMEOUT: u32 = 600;
/// The highest concurrency of a container that a cluster allows by default.
const MAX_CONTAINER_CONCURRENCY: u32 = 1_000;

pub(super) const MIN_SCALE: &str = "autoscaling.knative.dev/min-scale";
pub(super) const MAX_SCALE: &str = "autoscaling.knative.dev/max-scale";
pub(super) const RETENTION: &str = "autoscaling.knative.dev/scale-to-zero-pod-retention-period";
const SCALE_DOWN_DELAY: &str = "autoscaling.knative.dev/scale-down-delay";
pub(super) const UTILIZATION: &str = "autoscaling.knative.dev/target-utilization-percentage";
/// Knative takes it from the template alone, and ignores it on the service itself.
pub(super) const DEADLINE: &str = "serving.knative.dev/progress-deadline";
/// The time of a forced deploy.
const DEPLOYED_AT: &str = "machinist/deployed-at";

/// An app as a service.
pub(super) struct Service<'a> {
    app: &'a AppPlan,
    all: Parameters,
    machines: Vec<CustomMachine>,
    artifact: &'a Artifact,
    settings: &'a KnativeSettings,
}

impl<'a> Service<'a> {
    pub(super) fn new(
        app: &'a AppPlan,
        artifact: &'a Artifact,
        settings: &'a KnativeSettings,
    ) -> Self {
        Self {
            app,
            all: app.all_parameters(),
            machines: app
                .machine_types()
                .into_iter()
                .map(|machine| labelled(machine, &settings.node_labels))
                .collect(),
            artifact,
            settings,
        }
    }

    fn number(&self, key: Key) -> Option<u32> {
        self.all.number(key)
    }

    /// Checks what a service needs.
    pub(super) fn check(&self) -> Result<(), Problem> {
        check_first_letter(PLATFORM, &self.app.name)?;
        let unlabelled = self
            .machines
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

    /// The part that every deploy sets from the code.
    pub(super) fn code_part(&self) -> Value {
        let mut annotations = Map::new();
        if let Some(seconds) = self.number(Key::StartupTimeout) {
            annotations.insert(DEADLINE.into(), seconds_text(seconds).into());
        }
        if self.app.is_forced {
            // A template that is the same makes no new revision.
            annotations.insert(DEPLOYED_AT.into(), now().into());
        }
        let mut template = Map::new();
        if !annotations.is_empty() {
            let metadata = object([("annotations", annotations.into())]);
            template.insert("metadata".into(), metadata);
        }
        template.insert("spec".into(), self.pod().into());
        service_with(self.metadata(), template.into())
    }

    /// The part with the scaling.
    pub(super) fn scaling_part(&self) -> Value {
        let scaling = self.scaling();
        let scaling = scaling
            .iter()
            .map(|(key, value)| (key, Some(value.clone())));
        let template = scaling_template(&scaling.collect());
        service_with(self.metadata(), template.into())
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
        scaling.set_default(Key::MaxConcurrency);
        scaling.set_default(Key::ConcurrencyBufferPerc);
        scaling
    }

    fn pod(&self) -> Map<String, Value> {
        let mut pod = Map::new();
        // Without a limit a runner gets more concurrent requests than its code may expect.
        let concurrency = self.all.number_or_default(Key::MaxMultiplexing);
        pod.insert("containerConcurrency".into(), concurrency.into());
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
        let image = self.artifact.image.clone().unwrap_or_default();
        let container = container(&self.all, &self.machines, image);
        pod.insert("containers".into(), vec![container].into());
        pod
    }

    fn node_terms(&self) -> Vec<Value> {
        let labels: Vec<&String> = self
            .machines
            .iter()
            .flat_map(|machine| &machine.node_labels)
            .collect();
        let regions = region_names::of_app(&self.all, &self.settings.regions);
        let term =
            |key: &str, values: Value| json!({"key": key, "operator": "In", "values": values});
        let gpus = (!labels.is_empty()).then(|| term(gpu_label(self.settings), json!(labels)));
        let regions = (!regions.is_empty()).then(|| term(REGION_LABEL, json!(regions)));
        gpus.into_iter().chain(regions).collect()
    }

    /// The order of the machine types as weights: the first one has the highest.
    fn preferred(&self) -> Vec<Value> {
        let with_gpus: Vec<&CustomMachine> = self
            .machines
            .iter()
            .filter(|machine| has_gpus(machine))
            .collect();
        if with_gpus.len() < 2 {
            return Vec::new();
        }
        let weigh = |(place, machine): (usize, &&CustomMachine)| {
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
            .number(Key::RequestTimeout)
            .filter(|s| *s > MAX_REQUEST_TIMEOUT)
        {
            needs.push(format!(
                "`max-revision-timeout-seconds: \"{seconds}\"` or more in Knative's config-defaults"
            ));
        }
        if let Some(concurrency) = self
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
}

/// The container of an app.
pub(super) fn container(all: &Parameters, machines: &[CustomMachine], image: String) -> Value {
    let mut container = Map::new();
    container.insert("image".into(), image.into());
    let port = all.number(Key::Port);
    if let Some(port) = port {
        container.insert("ports".into(), json!([{"containerPort": port}]));
    }
    container.insert("resources".into(), resources(all, machines));
    if let Some(path) = all.health_check_path() {
        let mut get = json!({"httpGet": {"path": path}});
        if let Some(port) = port {
            get["httpGet"]["port"] = port.into();
        }
        container.insert("readinessProbe".into(), get.clone());
        if let Some(seconds) = all.number(Key::StartupTimeout) {
            let mut probe = get;
            probe["periodSeconds"] = PROBE_PERIOD.into();
            probe["failureThreshold"] = seconds.div_ceil(PROBE_PERIOD).into();
            container.insert("startupProbe".into(), probe);
        }
    }
    container.into()
}

/// The resources that every listed machine type has.
fn resources(all: &Parameters, machines: &[CustomMachine]) -> Value {
    let gpus = all.gpus();
    let (ram_mb, millicores) = machines::smallest_runner(machines, gpus);
    let mut resources = json!({
        "requests": {"cpu": format!("{millicores}m"), "memory": format!("{ram_mb}M")},
    });
    if gpus > 0 {
        resources["limits"] = json!({"nvidia.com/gpu": gpus.to_string()});
    }
    resources
}

/// The rule of `keep_alive`: the autoscaler has a limit.
pub(super) fn keep_alive_rule(app: &str, all: &Parameters) -> Vec<Problem> {
    let is_over = |seconds: &u32| *seconds > MAX_DELAY;
    let over = all.number(Key::KeepAlive).filter(is_over);
    let message =
        |_| format!("`keep_alive` of `{app}` exceeds Knative's limit, and is shortened to 1h");
    over.map(message).map(Problem::new).into_iter().collect()
}

/// The rule of `concurrency_buffer_perc`: a utilization is a whole percentage.
pub(super) fn buffer_rule(app: &str, all: &Parameters) -> Vec<Problem> {
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

/// The setting `gpu_label`, if it is sent with an app.
pub(super) fn gpu_label_sent(app: &AppPlan, settings: &KnativeSettings) -> Option<String> {
    let machines = app.machine_types();
    let mut machines = machines.iter();
    let is_sent = machines.any(|machine| {
        !machine.node_labels.is_empty() || settings.node_labels.contains_key(&machine.name)
    });
    settings.gpu_label.clone().filter(|_| is_sent)
}

/// What is sent of the setting `node_labels` with an app.
pub(super) fn node_labels_sent(app: &AppPlan, settings: &KnativeSettings) -> SentNodeLabels {
    let machines = app.machine_types();
    let is_of_app = |name: &String| machines.iter().any(|machine| machine.name == *name);
    let labels = settings.node_labels.iter();
    let sent = labels.filter(|(name, _)| is_of_app(name));
    sent.map(|(name, labels)| (name.clone(), labels.clone()))
        .collect()
}

/// What else the project sets for the target, and what of it is sent with an app.
pub(super) fn settings_sent(app: &AppPlan, settings: &KnativeSettings) -> Map<String, Value> {
    let machines = app.machine_types();
    let custom = custom_machines(&machines, app);
    let is_set = |machine: &&CustomMachine| settings.node_labels.contains_key(&machine.name);
    let labels = custom.iter().filter(|machine| !is_set(machine));
    let labels: Map<String, Value> = labels
        .map(|machine| (machine.name.clone(), json!(machine.node_labels)))
        .collect();
    let mut sent = Map::new();
    if let Some(account) = &settings.service_account {
        sent.insert("service_account".into(), account.clone().into());
    }
    if !settings.tolerations.is_empty() {
        sent.insert("tolerations".into(), json!(settings.tolerations));
    }
    if !labels.is_empty() {
        sent.insert("node_labels".into(), labels.into());
    }
    if !custom.is_empty() {
        let figures = machines::smallest_runner(&machines, app.all_parameters().gpus());
        sent.insert("figures".into(), json!([figures.0, figures.1]));
    }
    sent
}

/// A machine type with its node labels among these, if there are any.
pub(super) fn labelled(mut machine: CustomMachine, labels: &SentNodeLabels) -> CustomMachine {
    if let Some(labels) = labels.get(&machine.name) {
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
const PROBE_PERIOD: u32 = 10;

pub(super) const REGION_LABEL: &str = "topology.kubernetes.io/region";

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
pub(super) fn utilization(buffer_perc: u32) -> u32 {
    (10_000 / (100 + buffer_perc)).max(1)
}

/// The scaling parameters that a service supports, at their places.
fn scaling_template(values: &Overrides) -> Map<String, Value> {
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

/// A patch that sets scaling parameters of a service; `None` if it supports none of them.
pub(super) fn scaling_patch(values: &Overrides) -> Option<Value> {
    let template = scaling_template(values);
    (!template.is_empty()).then(|| json!({"spec": {"template": template}}))
}
