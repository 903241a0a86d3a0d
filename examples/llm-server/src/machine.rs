//! What the server says of its own machine.

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

/// Describes the smallest machine that the app may run on.
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
