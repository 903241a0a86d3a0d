//! An app as a Knative service.

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use serde_json::{Map, Value, json};

use super::bindings::ClusterBindings;
use super::node_labels::labelled;
use super::nodes;
use super::parameters::{self, PLATFORM};
use super::settings::KnativeSettings;
use crate::app_plan::AppPlan;
use crate::artifact::{Artifact, SentNodeLabels};
use crate::bindings::Bindings;
use crate::history::now;
use crate::machines::{self, CustomMachine};
use crate::parameters::{Overrides, Parameters};
use crate::targets::machine_demands::custom_machines;
use crate::targets::messages::check_first_letter;

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

    /// Checks what a service needs.
    pub(super) fn check(&self) -> Result<(), Problem> {
        check_first_letter(PLATFORM, &self.app.name)?;
        self.bindings().check()?;
        nodes::check(&self.machines)
    }

    fn bindings(&self) -> ClusterBindings<'_> {
        ClusterBindings {
            app: &self.app.name,
            bindings: &self.artifact.bindings,
            settings: self.settings,
        }
    }

    /// The part that every deploy sets from the code.
    pub(super) fn code_part(&self) -> Value {
        let mut annotations = parameters::code_annotations(&self.all);
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
        let template = parameters::scaling_template(&scaling.collect());
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
        let mut pod = parameters::pod_fields(&self.all);
        if let Some(account) = &self.settings.service_account {
            pod.insert("serviceAccountName".into(), account.clone().into());
        }
        let terms = self.node_terms();
        if !terms.is_empty() {
            let terms = vec![object([("matchExpressions", terms.into())])];
            let required = object([("nodeSelectorTerms", terms.into())]);
            let mut affinity =
                object([("requiredDuringSchedulingIgnoredDuringExecution", required)]);
            let preferred = nodes::preferred(&self.machines, self.settings);
            if !preferred.is_empty() {
                affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred.into();
            }
            pod.insert("affinity".into(), object([("nodeAffinity", affinity)]));
        }
        if !self.settings.tolerations.is_empty() {
            pod.insert("tolerations".into(), json!(self.settings.tolerations));
        }
        let image = self.artifact.image.clone().unwrap_or_default();
        let mut container = container(&self.all, &self.machines, image);
        container.extend(self.bindings().container_fields());
        pod.extend(self.bindings().pod_fields());
        pod.insert("containers".into(), vec![container].into());
        pod
    }

    fn node_terms(&self) -> Vec<Value> {
        nodes::terms(&self.machines, &self.all, self.settings)
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
        needs.extend(parameters::needs(&self.all));
        needs.extend(self.bindings().needs());
        needs
    }
}

/// The container of an app.
pub(super) fn container(
    all: &Parameters,
    machines: &[CustomMachine],
    image: String,
) -> Map<String, Value> {
    let mut container = Map::new();
    container.insert("image".into(), image.into());
    container.insert("resources".into(), nodes::resources(machines, all.gpus()));
    container.extend(parameters::container_fields(all));
    container
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
pub(super) fn settings_sent(
    app: &AppPlan,
    bindings: &Bindings,
    settings: &KnativeSettings,
) -> Map<String, Value> {
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
    let bindings = ClusterBindings {
        app: &app.name,
        bindings,
        settings,
    };
    let secrets = bindings.secrets_sent();
    if !secrets.is_empty() {
        sent.insert("secrets".into(), secrets.into());
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

/// A patch that sets scaling parameters of a service; `None` if it supports none of them.
pub(super) fn scaling_patch(values: &Overrides) -> Option<Value> {
    let template = parameters::scaling_template(values);
    (!template.is_empty()).then(|| json!({"spec": {"template": template}}))
}
