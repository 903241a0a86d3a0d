//! A change of an app: what changes, from which value to which, and why.

use machinist_core::parameter::{Group, Key};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::parameters::ParameterName;

/// Something of an app that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What: a parameter, or a part of what is sent.
    #[serde(alias = "parameter")]
    pub what: What,
    /// Its value before; `None` where nothing was set.
    pub from: Option<Value>,
    /// Its value afterwards; `None` where nothing is set.
    pub to: Option<Value>,
    /// Why.
    pub why: Why,
}

/// What changes of an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum What {
    /// A parameter.
    Parameter(ParameterName),
    /// A part of what is sent beside the parameters.
    Artifact(ArtifactPart),
}

/// A part of what is sent for an app beside its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArtifactPart {
    /// The binary.
    Binary,
    /// The `Dockerfile` and the files that it copies.
    Context,
    /// The image that is built elsewhere.
    Image,
    /// Who may call the app.
    Auth,
    /// The platform's names of machine types.
    MachineNames,
    /// Environment variables.
    Env,
    /// Environment variables with secret values.
    Secrets,
    /// Mounts of volumes.
    Mounts,
    /// The credentials that the image is pulled with.
    RegistryCredentials,
    /// Other fields of the platform's own object.
    Fields,
    /// What is asked of a machine beside its GPUs.
    Requires,
    /// The platform's names of regions.
    RegionNames,
    /// The label of nodes that names their GPU, as the project sets it.
    GpuLabel,
    /// The values of that label, as the project sets them.
    NodeLabels,
    /// What else the project sets for the target.
    Settings,
    /// All of it: somebody deployed the app without this state.
    Deployment,
}

impl ArtifactPart {
    const ALL: [Self; 16] = [
        Self::Binary,
        Self::Context,
        Self::Image,
        Self::Auth,
        Self::MachineNames,
        Self::Env,
        Self::Secrets,
        Self::Mounts,
        Self::RegistryCredentials,
        Self::Fields,
        Self::Requires,
        Self::RegionNames,
        Self::GpuLabel,
        Self::NodeLabels,
        Self::Settings,
        Self::Deployment,
    ];

    /// Its name in JSON and in text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Context => "context",
            Self::Image => "image",
            Self::Auth => "auth",
            Self::MachineNames => "machine_names",
            Self::Env => "env",
            Self::Secrets => "secrets",
            Self::Mounts => "mounts",
            Self::RegistryCredentials => "registry_credentials",
            Self::Fields => "fields",
            Self::Requires => "requires",
            Self::RegionNames => "region_names",
            Self::GpuLabel => "gpu_label",
            Self::NodeLabels => "node_labels",
            Self::Settings => "settings",
            Self::Deployment => "deployment",
        }
    }
}

impl What {
    /// Its name in JSON and in text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Parameter(name) => name.as_str(),
            Self::Artifact(part) => part.as_str(),
        }
    }

    /// The parameter, if it is one.
    pub fn parameter(&self) -> Option<&ParameterName> {
        match self {
            Self::Parameter(name) => Some(name),
            Self::Artifact(_) => None,
        }
    }
}

impl From<String> for What {
    fn from(name: String) -> Self {
        let part = ArtifactPart::ALL
            .into_iter()
            .find(|part| part.as_str() == name);
        part.map_or_else(|| Self::Parameter(name.into()), Self::Artifact)
    }
}

impl From<What> for String {
    fn from(what: What) -> Self {
        what.as_str().into()
    }
}

impl Change {
    /// A change of a part of what is sent.
    pub(crate) fn of_part(
        part: ArtifactPart,
        from: &Option<String>,
        to: &Option<String>,
        why: Why,
    ) -> Self {
        let value = |text: &Option<String>| text.clone().map(Value::from);
        Self {
            what: What::Artifact(part),
            from: value(from),
            to: value(to),
            why,
        }
    }

    /// A deploy of all of it, whatever the platform has.
    pub(crate) fn of_deployment(why: Why) -> Self {
        Self::of_part(ArtifactPart::Deployment, &None, &None, why)
    }

    /// Whether it is a deploy of all of it.
    pub fn is_deployment(&self) -> bool {
        self.what == What::Artifact(ArtifactPart::Deployment)
    }

    /// The key, if it is a scaling parameter.
    pub(crate) fn scaling_key(&self) -> Option<Key> {
        let key = self.what.parameter()?.key()?;
        (key.parameter().group == Group::Scaling).then_some(key)
    }
}

/// Why something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its value in the code changed.
    Code,
    /// Drift: it was changed outside the code.
    #[serde(alias = "put_back")]
    Drift,
    /// Its tuned value is dropped.
    Reset,
    /// It is tuned.
    Tuned,
    /// A rollback restores it.
    RolledBack,
    /// It is deployed again although nothing of it changed.
    Forced,
}

impl Why {
    /// All reasons, for the schema.
    pub(crate) const ALL: [Self; 6] = [
        Self::Code,
        Self::Drift,
        Self::Reset,
        Self::Tuned,
        Self::RolledBack,
        Self::Forced,
    ];
}
