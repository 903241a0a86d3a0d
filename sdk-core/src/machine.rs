//! What a machine type is.

/// Whether a machine type has GPUs.
///
/// ```
/// use machinist_core::{MachineKind, catalogue};
///
/// assert_eq!(catalogue::GPU_L40.kind(), MachineKind::Gpu);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MachineKind {
    /// No GPU: routing, preprocessing, API proxies.
    Cpu,
    /// One GPU or several.
    Gpu,
}

impl MachineKind {
    /// `"CPU"` or `"GPU"`.
    ///
    /// ```
    /// assert_eq!(machinist_core::catalogue::S.kind().as_str(), "CPU");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Gpu => "GPU",
        }
    }
}

/// A named machine of the catalogue. The figures describe a runner with one GPU.
///
/// ```
/// use machinist_core::catalogue::GPU_H100;
///
/// assert_eq!(GPU_H100.vram_mb, 80_000);
/// assert_eq!(GPU_H100.with_gpus(2).vram_mb, 160_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineType {
    /// The name as the platform and the attribute write it, such as `GPU-H100`.
    pub name: &'static str,
    /// Video memory in MB (1 GB = 1000 MB); 0 on CPU types.
    pub vram_mb: u32,
    /// Main memory in MB.
    pub ram_mb: u32,
    /// CPU cores in thousandths: 500 is half a core.
    pub millicores: u32,
    /// Bandwidth of the video memory of one GPU in GB/s; 0 on CPU types.
    pub bandwidth_gb_s: u32,
    /// Hardware video encoders (NVENC). 0: video is encoded in software on the CPU.
    pub encoders: u32,
    /// Hardware video decoders (NVDEC).
    pub decoders: u32,
    /// Whether the encoders write AV1; `None` where the platform does not say.
    pub av1_encode: Option<bool>,
    /// The most GPUs a runner takes; 0 on CPU types.
    pub max_gpus: u32,
    /// What the platform recommends it for; empty in a program for a project's own types.
    pub suits: &'static str,
}

impl MachineType {
    /// Whether this is a GPU type or a CPU type.
    ///
    /// ```
    /// use machinist_core::{MachineKind, catalogue};
    ///
    /// assert_eq!(catalogue::XL.kind(), MachineKind::Cpu);
    /// ```
    pub const fn kind(&self) -> MachineKind {
        if self.max_gpus == 0 {
            MachineKind::Cpu
        } else {
            MachineKind::Gpu
        }
    }

    /// The figures of a runner with this many GPUs: memory, cores and video engines add up,
    /// bandwidth stays one GPU's. A CPU type stays as it is.
    ///
    /// ```
    /// use machinist_core::catalogue::GPU_RTX5090;
    ///
    /// let two = GPU_RTX5090.with_gpus(2);
    /// assert_eq!((two.vram_mb, two.encoders), (64_000, 6));
    /// assert_eq!(two.bandwidth_gb_s, GPU_RTX5090.bandwidth_gb_s);
    /// ```
    pub const fn with_gpus(&self, gpus: u32) -> Self {
        let times = if self.max_gpus == 0 { 1 } else { gpus };
        Self {
            vram_mb: self.vram_mb.saturating_mul(times),
            ram_mb: self.ram_mb.saturating_mul(times),
            millicores: self.millicores.saturating_mul(times),
            encoders: self.encoders.saturating_mul(times),
            decoders: self.decoders.saturating_mul(times),
            ..*self
        }
    }

    /// The order of size: CPU types before GPU types, then by video memory, memory and cores.
    ///
    /// ```
    /// use machinist_core::catalogue::{GPU_A100, GPU_L40, XL};
    ///
    /// assert!(XL.size() < GPU_A100.size());
    /// assert!(GPU_A100.size() < GPU_L40.size());
    /// ```
    pub const fn size(&self) -> (MachineKind, u32, u32, u32) {
        (self.kind(), self.vram_mb, self.ram_mb, self.millicores)
    }
}
