//! The machine types, from the catalogue in `sdk-core`.

use machinist_core::catalogue::{MACHINE_TYPES, WORKLOADS};
use machinist_core::platform::NAMES;
use machinist_core::unit::{BANDWIDTH, SIZE, decimals};
use machinist_core::{MachineKind, MachineType};

use crate::table::{NOTHING, code, table};

/// Every machine type with its figures.
pub(crate) fn machine_types() -> String {
    let heads = [
        "machine type",
        "VRAM",
        "RAM",
        "cores",
        "bandwidth",
        "encoders",
        "decoders",
        "AV1 encode",
        "most GPUs",
        "suits",
    ];
    table(heads, MACHINE_TYPES.iter().map(row))
}

fn row(machine: &MachineType) -> [String; 10] {
    let of_gpus = |figure: String| match machine.kind() {
        MachineKind::Cpu => NOTHING.into(),
        MachineKind::Gpu => figure,
    };
    let av1_encode = match machine.av1_encode {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not listed",
    };
    [
        code(machine.name),
        of_gpus(SIZE.show(machine.vram_mb)),
        SIZE.show(machine.ram_mb),
        decimals(machine.millicores, 1_000),
        of_gpus(BANDWIDTH.show(machine.bandwidth_gb_s)),
        of_gpus(machine.encoders.to_string()),
        of_gpus(machine.decoders.to_string()),
        of_gpus(av1_encode.into()),
        of_gpus(machine.max_gpus.to_string()),
        machine.suits.into(),
    ]
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
