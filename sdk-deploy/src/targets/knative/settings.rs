//! The settings of Knative: the table `knative`.

use std::collections::BTreeMap;

use machinist_core::custom::{NODE_LABELS, check_name};
use machinist_core::problem::Problem;
use machinist_core::variable;

use crate::bindings::check_name as check_binding_name;
use crate::settings::reader::{Item, Reader};
use crate::targets::region_names::{REGIONS, RegionNames};

/// The target's name, which is the table's.
pub(in crate::targets) const NAME: &str = "knative";

const CONTEXT: &str = "context";
const NAMESPACE: &str = "namespace";
const SERVICE_ACCOUNT: &str = "service_account";
const GPU_LABEL: &str = "gpu_label";
const SECRETS: &str = "secrets";
const TOLERATIONS: &str = "tolerations";

const KEYS: &[&str] = &[
    CONTEXT,
    NAMESPACE,
    SERVICE_ACCOUNT,
    GPU_LABEL,
    NODE_LABELS,
    REGIONS,
    SECRETS,
    TOLERATIONS,
];

/// The names that a cluster has of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnativeSettings {
    /// The context of `kubectl`; by default the current one.
    pub context: Option<String>,
    /// The namespace; by default that of the context.
    pub namespace: Option<String>,
    /// The service account of the pods.
    pub service_account: Option<String>,
    /// The label of nodes that names their GPU, if it is not NVIDIA's.
    pub gpu_label: Option<String>,
    /// The values of that label by machine type, if they are not the usual ones.
    pub node_labels: BTreeMap<String, Vec<String>>,
    /// The cluster's names of regions.
    pub regions: RegionNames,
    /// Where the values of secrets are, by variable: `OBJECT/KEY`, or `OBJECT` alone.
    pub secrets: BTreeMap<String, String>,
    /// The taints of nodes that the pods tolerate, as Kubernetes writes them.
    pub tolerations: Vec<BTreeMap<String, String>>,
}

/// Reads the table.
pub(in crate::targets) fn read(
    reader: &Reader,
    value: &Item<'_>,
) -> Result<KnativeSettings, Problem> {
    let mut settings = KnativeSettings::default();
    for (key, value) in reader.table(NAME, value)? {
        let text = |key| reader.text(key, value).map(|text| Some(text.to_owned()));
        match &**key.get_ref() {
            CONTEXT => settings.context = text(CONTEXT)?,
            NAMESPACE => settings.namespace = text(NAMESPACE)?,
            SERVICE_ACCOUNT => settings.service_account = text(SERVICE_ACCOUNT)?,
            GPU_LABEL => settings.gpu_label = text(GPU_LABEL)?,
            NODE_LABELS => settings.node_labels = node_labels(reader, value)?,
            REGIONS => settings.regions = reader.texts_by_key(REGIONS, value)?,
            SECRETS => settings.secrets = secrets(reader, value)?,
            TOLERATIONS => {
                for toleration in reader.list(TOLERATIONS, value)? {
                    let texts = reader.texts_by_key(TOLERATIONS, toleration)?;
                    settings.tolerations.push(texts);
                }
            }
            _ => return Err(reader.unknown_key(key, KEYS)),
        }
    }
    Ok(settings)
}

fn node_labels(
    reader: &Reader,
    value: &Item<'_>,
) -> Result<BTreeMap<String, Vec<String>>, Problem> {
    let mut by_machine = BTreeMap::new();
    for (machine, value) in reader.table(NODE_LABELS, value)? {
        let labels = reader.texts(machine.get_ref(), value)?;
        let check = |label: &String| check_name(NODE_LABELS, label);
        labels
            .iter()
            .try_for_each(check)
            .map_err(|problem| reader.at(value, problem))?;
        by_machine.insert(machine.get_ref().to_string(), labels);
    }
    Ok(by_machine)
}

/// The places of secrets: names of objects and of their keys, and never a value.
fn secrets(reader: &Reader, value: &Item<'_>) -> Result<BTreeMap<String, String>, Problem> {
    let mut places = BTreeMap::new();
    for (variable, value) in reader.table(SECRETS, value)? {
        let variable = &**variable.get_ref();
        let place = reader.text(variable, value)?;
        let (object, key) = place.split_once('/').unwrap_or((place, variable));
        let is_name = |name: &str| check_binding_name("Secret", name).is_ok();
        if variable::check_name(variable).is_err() || !is_name(object) || !is_name(key) {
            // What is written may be a value.
            let problem = Problem::new(format!("`{SECRETS}` takes the places of secrets"));
            let problem = problem.help(format!(
                "write `{SECRETS} = {{ HF_TOKEN = \"SECRET/KEY\" }}`, with the names of a Secret \
                 and of a key in it"
            ));
            return Err(reader.at(value, problem));
        }
        places.insert(variable.into(), place.into());
    }
    Ok(places)
}
