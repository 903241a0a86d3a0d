//! What is asked of a machine, of a platform whose machines differ from the catalogue.

use machinist_core::figure;
use serde_json::{Map, Value, json};

use crate::app_plan::AppPlan;
use crate::artifact::Artifact;
use crate::machines::{self, CustomMachine, has_gpus};
use crate::requirements::Requirements;

/// Main memory and cores that a machine must have at least; `None` where any amount does.
pub(super) struct MachineDemands {
    /// Main memory in MB.
    pub(super) ram_mb: Option<u32>,
    /// Cores in thousandths.
    pub(super) millicores: Option<u32>,
}

/// The requirements that are sent. A machine type without GPUs is its memory and its cores, which
/// are at least what the code requires.
pub(super) fn sent_requirements(
    requires: &Requirements,
    machines: &[CustomMachine],
) -> Requirements {
    match machines.iter().any(has_gpus) {
        true => requires.only(&[figure::RAM.key, figure::CPUS.key]),
        false => Requirements::default(),
    }
}

/// What is asked of these machine types: with GPUs what the code requires, because other platforms
/// have the same GPU with less memory and fewer cores than the catalogue; without GPUs the figures,
/// which are all that such a machine type is.
pub(super) fn machine_demands(machines: &[CustomMachine], artifact: &Artifact) -> MachineDemands {
    if machines.iter().any(has_gpus) {
        return MachineDemands {
            ram_mb: artifact.requires.amount(figure::RAM.key),
            millicores: artifact.requires.amount(figure::CPUS.key),
        };
    }
    let (ram_mb, millicores) = machines::smallest_runner(machines, 0);
    MachineDemands {
        ram_mb: Some(ram_mb),
        millicores: Some(millicores),
    }
}

/// The machine types of the project's own among these.
pub(super) fn custom_machines(machines: &[CustomMachine], app: &AppPlan) -> Vec<CustomMachine> {
    let is_custom = |machine: &&CustomMachine| {
        let mut custom = app.machines.iter();
        custom.any(|custom| custom.name == machine.name)
    };
    machines.iter().filter(is_custom).cloned().collect()
}

/// What the project sets for its own machine types, and what is sent of it: their names on the
/// platform, and the figures of those without GPUs.
pub(super) fn machine_settings(custom: &[CustomMachine], names: Value) -> Map<String, Value> {
    let mut settings = Map::new();
    if custom.is_empty() {
        return settings;
    }
    settings.insert("names".into(), names);
    if !custom.iter().any(has_gpus) {
        let figures = machines::smallest_runner(custom, 0);
        settings.insert("figures".into(), json!([figures.0, figures.1]));
    }
    settings
}
