//! The machine types of an app, with their figures and their names on other platforms.

use machinist_core::problem::{NAME, Problem};
use machinist_core::{MachineKind, catalogue, own, platform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parameters::{self, Parameters};

/// A custom machine type of the project, as its app carries it. The figures describe a runner with
/// one GPU.
///
/// ```
/// use machinist_deploy::CustomMachine;
///
/// let custom: CustomMachine = serde_json::from_str(r#"{"name": "XXL", "ram": 60000, "cpus": 16}"#)?;
/// assert_eq!((&*custom.name, custom.vram), ("XXL", None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct CustomMachine {
    /// Its name.
    pub name: String,
    /// Video memory in MB; `None` for a CPU type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram: Option<u32>,
    /// Main memory in MB.
    pub ram: u32,
    /// CPU cores.
    pub cpus: serde_json::Number,
    /// Bandwidth of the video memory in GB/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u32>,
    /// Hardware video encoders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoders: Option<u32>,
    /// Hardware video decoders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoders: Option<u32>,
    /// Whether the encoders write AV1, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub av1_encode: Option<bool>,
    /// The most GPUs a runner takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_gpus: Option<u32>,
    /// The labels of nodes that have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_labels: Vec<String>,
    /// SkyPilot's name for its GPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<String>,
    /// Its name on the platform fal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fal: Option<String>,
}

/// A machine type as targets need it. The figures describe a runner with one GPU.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) has_gpus: bool,
    pub(crate) ram_mb: u32,
    pub(crate) millicores: u32,
    pub(crate) node_labels: Vec<String>,
    pub(crate) accelerator: Option<String>,
}

/// The machine types that these parameters name, in their order. Unknown ones are left out.
pub(crate) fn named_in(code: &Parameters, custom: &[CustomMachine]) -> Vec<Machine> {
    let names = parameters::machine_types(code);
    names.filter_map(|name| find(name, custom)).collect()
}

fn find(name: &str, custom: &[CustomMachine]) -> Option<Machine> {
    let built_in = built_in(name);
    let Some(custom) = custom.iter().find(|custom| custom.name == name) else {
        return built_in;
    };
    let usual = built_in.as_ref();
    Some(Machine {
        name: name.into(),
        has_gpus: custom.vram.is_some(),
        ram_mb: custom.ram,
        millicores: custom.millicores(),
        node_labels: match (&*custom.node_labels, usual) {
            ([], Some(usual)) => usual.node_labels.clone(),
            (labels, _) => labels.to_vec(),
        },
        accelerator: custom
            .accelerator
            .clone()
            .or_else(|| usual?.accelerator.clone()),
    })
}

fn built_in(name: &str) -> Option<Machine> {
    let machine = catalogue::find(name)?;
    let names = platform::names(name);
    let labels = names.iter().flat_map(|names| names.node_labels);
    Some(Machine {
        name: name.into(),
        has_gpus: machine.kind() == MachineKind::Gpu,
        ram_mb: machine.ram_mb,
        millicores: machine.millicores,
        node_labels: labels.map(|&label| label.into()).collect(),
        accelerator: names.map(|names| names.accelerator.into()),
    })
}

/// Every machine type of the built-in catalogue.
pub(crate) fn all() -> impl Iterator<Item = Machine> {
    catalogue::MACHINE_TYPES
        .iter()
        .filter_map(|machine| built_in(machine.name))
}

/// The smallest figure of several machine types, with this many GPUs.
pub(crate) fn smallest(machines: &[Machine], gpus: u32, figure: impl Fn(&Machine) -> u32) -> u32 {
    let smallest = machines.iter().map(figure).min().unwrap_or(0);
    smallest.saturating_mul(gpus.max(1))
}

/// The names of GPUs, in the order of the list.
pub(crate) fn accelerators(machines: &[Machine]) -> Result<Vec<&String>, Problem> {
    let with_gpus = machines.iter().filter(|machine| machine.has_gpus);
    with_gpus.map(accelerator).collect()
}

fn accelerator(machine: &Machine) -> Result<&String, Problem> {
    let Machine {
        name, accelerator, ..
    } = machine;
    accelerator.as_ref().ok_or_else(|| {
        let message = format!("the name of the GPU of `{name}` on other platforms is not known");
        Problem::new(message).help(format!("write its `accelerator` in `{}`", own::FILE))
    })
}

impl CustomMachine {
    /// Checks its names, because neither a binary nor a state is trusted.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let labels = self
            .node_labels
            .iter()
            .map(|label| (own::NODE_LABELS, label));
        let name = [(NAME, &self.name)].into_iter();
        let accelerator = self.accelerator.iter().map(|name| (own::ACCELERATOR, name));
        let fal = self.fal.iter().map(|name| (own::FAL, name));
        let mut names = name.chain(labels).chain(accelerator).chain(fal);
        names.try_for_each(|(key, name)| own::check_name(key, name))
    }

    fn millicores(&self) -> u32 {
        let cores = self.cpus.to_string();
        machinist_core::unit::scale(&cores, 1_000).unwrap_or(0)
    }
}
