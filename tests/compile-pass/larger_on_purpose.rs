//! The warning for a machine far larger than required is silenced where it is meant so.
#![deny(warnings)]

#[allow(deprecated)]
#[machinist::app(machine_type = "GPU-B200", requires(vram = "24 GB"))]
fn allowed_above() {}

#[machinist::app(machine_type = "GPU-B200", requires(vram = "24 GB"))]
#[allow(deprecated, reason = "it is the only one there is")]
fn allowed_below() {}

fn main() {
    allowed_above();
    allowed_below();
}
