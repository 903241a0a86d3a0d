//! The settings of Knative: the table `knative`.

use std::collections::BTreeMap;

use machinist_core::custom::{NODE_LABELS, check_name};
use machinist_core::problem::Problem;

use crate::settings::reader::{Item, Reader};
use crate::targets::region_names::{REGIONS, RegionNames};

/// The target's name, which is the table's.
pub(in crate::targets) const NAME: &str = "knative";

const CONTEXT: &str = "context";
const NAMESPACE: &str = "namespace";
const SERVICE_ACCOUNT: &str = "service_account";
const GPU_LABEL: &str = "gpu_label";
const TOLERATIONS: &str = "tolerations";

const KEYS: &[&str] = &[
    CONTEXT,
    NAMESPACE,
    SERVICE_ACCOUNT,
    GPU_LABEL,
    NODE_LABELS,
    REGIONS,
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
