//! Machine types and their kinds.

use crate::figure::Figures;

/// Whether a machine type has GPUs.
///
/// ```
/// use machinist_core::{MachineKind, built_in};
///
/// assert_eq!(built_in::GPU_L40.kind(), MachineKind::Gpu);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MachineKind {
    /// No GPU, for routing, preprocessing and API proxies.
    Cpu,
    /// One or several GPUs.
    Gpu,
}

impl MachineKind {
    /// `"CPU"` or `"GPU"`.
    ///
    /// ```
    /// assert_eq!(machinist_core::built_in::S.kind().as_str(), "CPU");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Gpu => "GPU",
        }
    }
}

/// A named machine of the catalogue.
///
/// ```
/// use machinist_core::built_in::GPU_H100;
///
/// assert_eq!(GPU_H100.figures.vram_mb, 80_000);
/// assert_eq!(GPU_H100.with_gpus(2).vram_mb, 160_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineType {
    /// The name on the platform and in the attribute, such as `GPU-H100`.
    pub name: &'static str,
    /// The figures of a runner with one GPU.
    pub figures: Figures,
    /// What the platform recommends it for. In a running program this is empty for custom machine
    /// types.
    pub suits: &'static str,
}

impl MachineType {
    /// Whether this machine type has GPUs.
    ///
    /// ```
    /// use machinist_core::{MachineKind, built_in};
    ///
    /// assert_eq!(built_in::XL.kind(), MachineKind::Cpu);
    /// ```
    pub const fn kind(&self) -> MachineKind {
        self.figures.kind()
    }

    /// The figures of a runner with this many GPUs: memory, cores and video engines add up over the
    /// GPUs, bandwidth stays that of one GPU. The figures of a CPU type stay the same.
    ///
    /// ```
    /// use machinist_core::built_in::GPU_RTX5090;
    ///
    /// assert_eq!(GPU_RTX5090.with_gpus(2).encoders, 6);
    /// ```
    pub const fn with_gpus(&self, gpus: u32) -> Figures {
        self.figures.with_gpus(gpus)
    }

    /// A key that orders machine types by size: CPU types before GPU types, then by video memory,
    /// main memory and cores.
    ///
    /// ```
    /// use machinist_core::built_in::{GPU_A100, GPU_L40, XL};
    ///
    /// assert!(XL.size() < GPU_A100.size());
    /// assert!(GPU_A100.size() < GPU_L40.size());
    /// ```
    pub const fn size(&self) -> (MachineKind, u32, u32, u32) {
        let figures = &self.figures;
        (
            self.kind(),
            figures.vram_mb,
            figures.ram_mb,
            figures.millicores,
        )
    }
}

impl Figures {
    /// Whether these are the figures of a GPU type.
    ///
    /// ```
    /// use machinist_core::{MachineKind, built_in};
    ///
    /// assert_eq!(built_in::XL.figures.kind(), MachineKind::Cpu);
    /// ```
    pub const fn kind(&self) -> MachineKind {
        if self.max_gpus == 0 {
            MachineKind::Cpu
        } else {
            MachineKind::Gpu
        }
    }
}
