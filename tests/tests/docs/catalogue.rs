//! The machine types, from the catalogue in `sdk-core`.

use machinist_core::built_in::{MACHINE_TYPES, WORKLOADS};
use machinist_core::figure::{FIGURES, Figure};
use machinist_core::platform::NAMES;
use machinist_core::{MachineKind, MachineType};

use crate::table::{NOTHING, code, lists, table};

/// Every machine type with those figures that the catalogue has.
pub(crate) fn machine_types() -> String {
    let is_listed = |figure: &&&Figure| {
        let mut amounts = MACHINE_TYPES
            .iter()
            .map(|machine| figure.get(&machine.figures));
        amounts.any(|amount| amount.is_some())
    };
    let figures: Vec<&Figure> = FIGURES.iter().filter(is_listed).copied().collect();
    let mut heads = vec!["machine type".to_owned()];
    heads.extend(figures.iter().map(|figure| figure.head.to_owned()));
    heads.push("suits".into());
    let rows = MACHINE_TYPES.iter().map(|machine| {
        let mut row = vec![code(machine.name)];
        row.extend(figures.iter().map(|figure| cell(figure, machine)));
        row.push(machine.suits.into());
        row
    });
    lists(heads, rows)
}

fn cell(figure: &Figure, machine: &MachineType) -> String {
    match figure.get(&machine.figures) {
        _ if machine.kind() == MachineKind::Cpu && figure.presence.is_gpu_only() => NOTHING.into(),
        Some(amount) => figure.unit.show(amount),
        None => "not listed".into(),
    }
}

/// What is recommended for each kind of work.
pub(crate) fn workloads() -> String {
    let rows = WORKLOADS.iter().map(|workload| {
        let machines = workload
            .machine_types
            .iter()
            .map(|machine| code(machine.name));
        [code(workload.name), machines.collect::<Vec<_>>().join(", ")]
    });
    table(["work", "machine types, the first choice first"], rows)
}

/// What other platforms call the machine types.
pub(crate) fn names() -> String {
    let rows = NAMES.iter().map(|names| {
        let labels = names.node_labels.iter().map(|label| code(label));
        let labels = labels.collect::<Vec<_>>().join(", ");
        [code(names.machine_type), labels, code(names.accelerator)]
    });
    table(
        [
            "machine type",
            "labels of nodes (Knative)",
            "accelerator (SkyPilot, dstack)",
        ],
        rows,
    )
}
