//! An app, as the running program knows it.

use crate::machine::MachineType;
use crate::parameter::{CodeParameters, ScalingParameters};

/// An app as its attribute declares it, usable in const code.
///
/// [`vram_mb`](Self::vram_mb), [`ram_mb`](Self::ram_mb) and [`millicores`](Self::millicores) are
/// what every runner has at least: the smallest value among the machine types.
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
    /// The machine types in the order in which they are tried: at least one, all of one kind.
    pub machine_types: &'static [MachineType],
    /// GPUs per runner; 0 on CPU types.
    pub gpus: u32,
    /// The other code parameters.
    pub code: CodeParameters,
    /// The scaling parameters for the first deploy.
    pub scaling: ScalingParameters,
}

impl Spec {
    /// An app without a name, machine types or parameters, for `..Spec::EMPTY`.
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

    /// The smallest of each figure among the machine types, with all GPUs of a runner.
    const fn smallest(&self) -> Smallest {
        let [first, others @ ..] = self.machine_types else {
            return Smallest {
                vram_mb: 0,
                ram_mb: 0,
                millicores: 0,
            };
        };
        let mut smallest = Smallest::of_runner(first, self.gpus);
        let mut i = 0;
        while i < others.len() {
            let other = Smallest::of_runner(&others[i], self.gpus);
            smallest = Smallest {
                vram_mb: min(smallest.vram_mb, other.vram_mb),
                ram_mb: min(smallest.ram_mb, other.ram_mb),
                millicores: min(smallest.millicores, other.millicores),
            };
            i += 1;
        }
        smallest
    }
}

/// The figures of [`Spec`]'s methods.
struct Smallest {
    vram_mb: u32,
    ram_mb: u32,
    millicores: u32,
}

impl Smallest {
    const fn of_runner(machine: &MachineType, gpus: u32) -> Self {
        let figures = machine.with_gpus(gpus);
        Self {
            vram_mb: figures.vram_mb,
            ram_mb: figures.ram_mb,
            millicores: figures.millicores,
        }
    }
}

const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}
