//! The answer of `/machine`: what machine the server runs on.

use machinist::Spec;
use serde::Serialize;

/// The answer of `/machine`.
#[derive(Serialize)]
pub(crate) struct Machine {
    app: &'static str,
    machine_types: Vec<&'static str>,
    gpus: u32,
    vram_mb: u32,
    ram_mb: u32,
    batch: usize,
}

/// Describes the machine of an app: its figures are what every runner has at least.
pub(crate) fn describe(spec: &Spec, batch: usize) -> Machine {
    Machine {
        app: spec.name,
        machine_types: spec
            .machine_types
            .iter()
            .map(|machine| machine.name)
            .collect(),
        gpus: spec.gpus,
        vram_mb: spec.vram_mb(),
        ram_mb: spec.ram_mb(),
        batch,
    }
}
