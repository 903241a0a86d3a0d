//! Memory that software can use meets `requires`, if it is more than the nominal size.
#![deny(warnings)]

#[machinist::app(machine_type = "GPU-H100", requires(vram = "84 GB"))]
fn more_than_nominal() {}

// The size that is suggested for 79 GiB.
#[machinist::app(machine_type = "GPU-H100", requires(vram = "84.826 GB"))]
fn suggested() {}

#[machinist::app(machine_type = "GPU-H100", gpus = 2, requires(vram = "168 GB", vram_per_gpu = "84 GB"))]
fn on_each_gpu() {}

// The nominal size meets it too, if it is more than software can use.
#[machinist::app(machine_type = "GPU-L40", requires(vram = "48 GB"))]
fn nominal() {}

fn main() {
    more_than_nominal();
    suggested();
    on_each_gpu();
    nominal();
}
