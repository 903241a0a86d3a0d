//! The machine types of an app, with their figures and what other platforms call them.

use machinist_core::{MachineKind, catalogue, parameter, platform};

use crate::plan::Parameters;

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

/// The machine types that these parameters name, in their order; those that nobody knows are left
/// out.
pub(crate) fn of(code: &Parameters) -> Vec<Machine> {
    let names = code
        .get(parameter::MACHINE_TYPE)
        .and_then(|names| names.as_array());
    let names = names.into_iter().flatten().filter_map(|name| name.as_str());
    names.filter_map(find).collect()
}

/// The number of GPUs; 0 of a CPU type.
pub(crate) fn gpus(code: &Parameters) -> u32 {
    let gpus = code.get(parameter::GPUS).and_then(|gpus| gpus.as_u64());
    gpus.and_then(|gpus| u32::try_from(gpus).ok()).unwrap_or(0)
}

pub(crate) fn find(name: &str) -> Option<Machine> {
    let machine = catalogue::find(name)?;
    let names = platform::names(name);
    Some(Machine {
        name: name.into(),
        has_gpus: machine.kind() == MachineKind::Gpu,
        ram_mb: machine.ram_mb,
        millicores: machine.millicores,
        node_labels: names
            .iter()
            .flat_map(|names| names.node_labels)
            .map(|&label| label.into())
            .collect(),
        accelerator: names.map(|names| names.accelerator.into()),
    })
}

/// Every machine type of the catalogue.
pub(crate) fn all() -> impl Iterator<Item = Machine> {
    catalogue::MACHINE_TYPES
        .iter()
        .filter_map(|machine| find(machine.name))
}

/// What every one of several machine types has, with this many GPUs.
pub(crate) fn least(machines: &[Machine], gpus: u32, figure: impl Fn(&Machine) -> u32) -> u32 {
    let least = machines.iter().map(figure).min().unwrap_or(0);
    least.saturating_mul(gpus.max(1))
}
