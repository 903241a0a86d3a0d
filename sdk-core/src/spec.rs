//! An app as the running program sees it.

use crate::machine::MachineType;
use crate::parameter::{CodeParameters, ScalingParameters};

/// What the code says of one app, usable in const code.
///
/// The figures of its machine are what a runner has at least: of several machine types the lowest.
///
/// ```
/// use machinist_core::Spec;
/// use machinist_core::built_in::{GPU_H100, GPU_H200};
///
/// const SPEC: Spec = Spec {
///     name: "llm",
///     machine_types: &[GPU_H200, GPU_H100],
///     gpus: 2,
///     ..Spec::EMPTY
/// };
/// const BATCH: u32 = SPEC.vram_mb() / 10_000;
/// assert_eq!(BATCH, 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The app's name.
    pub name: &'static str,
    /// Its machine types in the order they are tried; all of one kind, at least one.
    pub machine_types: &'static [MachineType],
    /// GPUs per runner; 0 on CPU types.
    pub gpus: u32,
    /// The other code parameters.
    pub code: CodeParameters,
    /// The scaling parameters of the first deploy.
    pub scaling: ScalingParameters,
}

impl Spec {
    /// An app of which nothing is said, to fill up from.
    pub const EMPTY: Self = Self {
        name: "",
        machine_types: &[],
        gpus: 0,
        code: CodeParameters::NONE,
        scaling: ScalingParameters::NONE,
    };

    /// Video memory in MB over all GPUs of a runner; 0 on CPU types.
    pub const fn vram_mb(&self) -> u32 {
        self.smallest().vram_mb
    }

    /// Main memory of a runner in MB.
    pub const fn ram_mb(&self) -> u32 {
        self.smallest().ram_mb
    }

    /// CPU cores of a runner in thousandths: 500 is half a core.
    pub const fn millicores(&self) -> u32 {
        self.smallest().millicores
    }

    /// What a runner has at least: of several machine types the lowest figure of each, with all
    /// its GPUs. Which machine type it is, `machine_types` says.
    const fn smallest(&self) -> Figures {
        let mut least = Figures {
            vram_mb: u32::MAX,
            ram_mb: u32::MAX,
            millicores: u32::MAX,
        };
        let mut i = 0;
        while i < self.machine_types.len() {
            let has = self.machine_types[i].with_gpus(self.gpus);
            least = Figures {
                vram_mb: min(least.vram_mb, has.vram_mb),
                ram_mb: min(least.ram_mb, has.ram_mb),
                millicores: min(least.millicores, has.millicores),
            };
            i += 1;
        }
        if i == 0 {
            Figures {
                vram_mb: 0,
                ram_mb: 0,
                millicores: 0,
            }
        } else {
            least
        }
    }
}

struct Figures {
    vram_mb: u32,
    ram_mb: u32,
    millicores: u32,
}

const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}
