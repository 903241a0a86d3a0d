//! `#[allow(deprecated)]` silences the warning for a machine far larger than required.
#![deny(warnings)]

#[allow(deprecated)]
#[machinist::app(machine_type = "GPU-B200", requires(vram = "24 GB"))]
fn allowed_above() {}

#[machinist::app(machine_type = "GPU-B200", requires(vram = "24 GB"))]
#[allow(deprecated, reason = "no other machine is available")]
fn allowed_below() {}

fn main() {
    allowed_above();
    allowed_below();
}
