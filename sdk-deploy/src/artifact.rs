//! What runs an app: a binary with its image, known by digests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::bindings::Bindings;
use crate::change::{ArtifactPart, Change, Why};
use crate::requirements::Requirements;
use crate::schema;

/// What is sent to a platform for an app, parameters aside.
///
/// ```
/// use machinist_deploy::Artifact;
///
/// let v1 = Artifact { image: Some("acme/llm:v1".into()), ..Artifact::default() };
/// let v2 = Artifact { image: Some("acme/llm:v2".into()), ..Artifact::default() };
/// assert_eq!(v1.changes(&v2)[0].to, Some("acme/llm:v2".into()));
/// assert!(v1.changes(&v1).is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Artifact {
    /// The name of the binary that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// The digest of the binary, if it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary_digest: Option<String>,
    /// The container's image, if it is built elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The digest of the `Dockerfile` and of the files that it copies, the binary aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_digest: Option<String>,
    /// Who may call the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// Environment variables, secrets, volumes and credentials.
    #[serde(skip_serializing_if = "Bindings::is_empty")]
    pub bindings: Bindings,
    /// What is asked of a machine beside its GPUs, of a platform whose machines differ from the
    /// catalogue.
    #[serde(skip_serializing_if = "Requirements::is_empty")]
    #[schemars(schema_with = "schema::requires")]
    pub requires: Requirements,
    /// The platform's names of the regions, by ours; `None` for a region that has no name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub region_names: SentRegionNames,
    /// The label of nodes that names their GPU, if the project sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_label: Option<String>,
    /// The values of that label by machine type, where the project sets them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_labels: SentNodeLabels,
    /// The digest of what else the project sets for the target: names of its own machine types,
    /// tolerations and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_digest: Option<String>,
    /// The platform's names of its machine types, where they are other ones than the code's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_names: Option<String>,
    /// The digest of all of it, as earlier versions recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A platform's names of an app's regions, by ours; `None` for a region without a name.
pub(crate) type SentRegionNames = BTreeMap<String, Option<String>>;

/// The values of a label of nodes by machine type.
pub(crate) type SentNodeLabels = BTreeMap<String, Vec<String>>;

/// An artifact as states have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Recorded {
    /// Of an earlier version: one digest.
    Digest(String),
    Artifact(Box<Artifact>),
}

/// Reads the artifact of a state.
pub(crate) fn recorded<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Artifact>, D::Error> {
    let recorded = Option::<Recorded>::deserialize(from)?;
    Ok(recorded.map(|recorded| match recorded {
        Recorded::Digest(digest) => Artifact {
            digest: Some(digest),
            ..Artifact::default()
        },
        Recorded::Artifact(artifact) => *artifact,
    }))
}

impl Artifact {
    /// Whether it has more than what the app is given by name: a target without a platform sends
    /// nothing else.
    pub(crate) fn has_program(&self) -> bool {
        let others = Self {
            bindings: Bindings::default(),
            ..self.clone()
        };
        others != Self::default()
    }

    /// What changes when another artifact is sent.
    pub fn changes(&self, other: &Self) -> Vec<Change> {
        if self.digest.is_some() {
            // An earlier version recorded nothing that tells what differs.
            return vec![Change::of_part(
                ArtifactPart::Binary,
                &None,
                &other.binary_digest,
                Why::Code,
            )];
        }
        let requires = (self.requires.text(), other.requires.text());
        let regions = renamed_regions(&self.region_names, &other.region_names);
        let node_labels = (text_of(&self.node_labels), text_of(&other.node_labels));
        let parts = [
            (
                ArtifactPart::Binary,
                &self.binary_digest,
                &other.binary_digest,
            ),
            (
                ArtifactPart::Context,
                &self.context_digest,
                &other.context_digest,
            ),
            (ArtifactPart::Image, &self.image, &other.image),
            (ArtifactPart::Auth, &self.auth, &other.auth),
            (ArtifactPart::Requires, &requires.0, &requires.1),
            (ArtifactPart::RegionNames, &regions.0, &regions.1),
            (ArtifactPart::GpuLabel, &self.gpu_label, &other.gpu_label),
            (ArtifactPart::NodeLabels, &node_labels.0, &node_labels.1),
            (
                ArtifactPart::Settings,
                &self.settings_digest,
                &other.settings_digest,
            ),
            (
                ArtifactPart::MachineNames,
                &self.machine_names,
                &other.machine_names,
            ),
        ];
        let changed = parts.into_iter().filter(|(_, from, to)| from != to);
        let mut changes: Vec<Change> = changed
            .map(|(part, from, to)| Change::of_part(part, from, to, Why::Code))
            .collect();
        changes.extend(binding_changes(&self.bindings, &other.bindings));
        if self.binary != other.binary && self.binary_digest == other.binary_digest {
            changes.push(Change::of_part(
                ArtifactPart::Binary,
                &self.binary,
                &other.binary,
                Why::Code,
            ));
        }
        changes
    }
}

/// What changes of environment variables, secrets, volumes and credentials: of each part what
/// differs, before and after.
fn binding_changes(from: &Bindings, to: &Bindings) -> impl Iterator<Item = Change> {
    let env = differing(&from.env, &to.env, |(name, value)| {
        format!("{name}={value}")
    });
    let secrets = (
        listed(from.secrets.difference(&to.secrets).cloned()),
        listed(to.secrets.difference(&from.secrets).cloned()),
    );
    let mounts = differing(&from.volumes, &to.volumes, |(path, name)| {
        format!("{name} at {path}")
    });
    let credentials = (
        from.registry_credentials.clone(),
        to.registry_credentials.clone(),
    );
    let parts = [
        (ArtifactPart::Env, env),
        (ArtifactPart::Secrets, secrets),
        (ArtifactPart::Mounts, mounts),
        (ArtifactPart::RegistryCredentials, credentials),
    ];
    let changed = parts.into_iter().filter(|(_, (from, to))| from != to);
    changed.map(|(part, (from, to))| Change::of_part(part, &from, &to, Why::Code))
}

/// The entries that the other side does not have, of both sides as texts.
fn differing(
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
    text: fn((&String, &String)) -> String,
) -> (Option<String>, Option<String>) {
    let without = |some: &BTreeMap<String, String>, others: &BTreeMap<String, String>| {
        let other = |(name, value): &(&String, &String)| others.get(*name) != Some(*value);
        listed(some.iter().filter(other).map(text))
    };
    (without(from, to), without(to, from))
}

/// The texts in a row; `None` if there are none.
fn listed(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// The labels of nodes as a text.
fn text_of(labels: &SentNodeLabels) -> Option<String> {
    let texts = labels
        .iter()
        .map(|(machine, labels)| format!("{machine} as {}", labels.join(" or ")));
    listed(texts)
}

/// The regions of both sides that have other names, as texts. Regions of one side alone are a change
/// of the parameter.
fn renamed_regions(
    from: &SentRegionNames,
    to: &SentRegionNames,
) -> (Option<String>, Option<String>) {
    let of_both = |region: &&String| to.contains_key(*region);
    let renamed = from.keys().filter(of_both);
    let renamed: Vec<&String> = renamed
        .filter(|region| from.get(*region) != to.get(*region))
        .collect();
    let text = |names: &SentRegionNames| {
        let texts = renamed.iter().map(|region| {
            let name = names.get(*region).and_then(Option::as_deref);
            format!("{region} as {}", name.unwrap_or("nothing"))
        });
        listed(texts)
    };
    (text(from), text(to))
}
