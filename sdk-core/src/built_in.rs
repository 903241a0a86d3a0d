//! The built-in machine types and their figures.
//!
//! The figures are from the platform's page "Machine Types", with these exceptions. Usable video
//! memory is from start-up logs of inference engines, in whole MB; for `GPU-L40` from logs of an
//! L40S. The page lists NVLink only for `GPU-H100`: which machine types have none is from NVIDIA's
//! data sheets, and so are the precisions. The page lists no prices.
//!
//! The name of a constant is the machine type's name with `_` for `-`.

use crate::figure::Figures;
use crate::machine::{MachineKind, MachineType};
use crate::parameter::BUILT_IN_MAX_GPUS;

// Sets of words of `unit::PRECISION`, as bits.
const BF16: u32 = 0b0001;
const BF16_FP8: u32 = 0b0011;
const BF16_FP8_FP6_FP4: u32 = 0b1111;

const fn cpu(name: &'static str, ram_mb: u32, millicores: u32) -> MachineType {
    MachineType {
        name,
        figures: Figures {
            ram_mb,
            millicores,
            ..Figures::NONE
        },
        suits: "routing, preprocessing, API proxies",
    }
}

/// Half a core, for the lightest work.
pub const XS: MachineType = cpu("XS", 512, 500);
/// One core.
pub const S: MachineType = cpu("S", 1_000, 1_000);
/// Two cores.
pub const M: MachineType = cpu("M", 2_000, 2_000);
/// Four cores.
pub const L: MachineType = cpu("L", 15_000, 4_000);
/// Eight cores.
pub const XL: MachineType = cpu("XL", 30_000, 8_000);

/// 24 GB of video memory.
pub const GPU_RTX4090: MachineType = MachineType {
    name: "GPU-RTX4090",
    figures: Figures {
        vram_mb: 24_000,
        vram_usable_mb: Some(25_286),
        ram_mb: 48_000,
        millicores: 12_000,
        bandwidth_gb_s: 1_000,
        encoders: 2,
        decoders: 2,
        av1_encode: None,
        precisions: Some(BF16_FP8),
        nvlink_gb_s: Some(0),
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "SDXL, Flux and most LoRA fine-tunes",
};
/// 32 GB of video memory, AV1 encode.
pub const GPU_RTX5090: MachineType = MachineType {
    name: "GPU-RTX5090",
    figures: Figures {
        vram_mb: 32_000,
        vram_usable_mb: Some(33_683),
        ram_mb: 60_000,
        millicores: 14_000,
        bandwidth_gb_s: 1_800,
        encoders: 3,
        decoders: 3,
        av1_encode: Some(true),
        precisions: Some(BF16_FP8_FP6_FP4),
        nvlink_gb_s: Some(0),
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "larger diffusion models, video generation with AV1 hardware encode",
};
/// 40 GB of video memory.
pub const GPU_A100: MachineType = MachineType {
    name: "GPU-A100",
    figures: Figures {
        vram_mb: 40_000,
        vram_usable_mb: Some(42_283),
        ram_mb: 60_000,
        millicores: 12_000,
        bandwidth_gb_s: 2_000,
        encoders: 0,
        decoders: 5,
        av1_encode: Some(false),
        precisions: Some(BF16),
        nvlink_gb_s: None,
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "general training and inference below Hopper's price",
};
/// 48 GB of video memory, AV1 encode.
pub const GPU_L40: MachineType = MachineType {
    name: "GPU-L40",
    figures: Figures {
        vram_mb: 48_000,
        vram_usable_mb: Some(47_577),
        ram_mb: 100_000,
        millicores: 6_000,
        bandwidth_gb_s: 900,
        encoders: 3,
        decoders: 3,
        av1_encode: Some(true),
        precisions: Some(BF16_FP8),
        nvlink_gb_s: Some(0),
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "inference together with video transcoding and graphics rendering",
};
/// 80 GB of video memory, NVLink 4.0 at 900 GB/s between several GPUs.
pub const GPU_H100: MachineType = MachineType {
    name: "GPU-H100",
    figures: Figures {
        vram_mb: 80_000,
        vram_usable_mb: Some(84_943),
        ram_mb: 112_000,
        millicores: 12_000,
        bandwidth_gb_s: 3_400,
        encoders: 0,
        decoders: 7,
        av1_encode: Some(false),
        precisions: Some(BF16_FP8),
        nvlink_gb_s: Some(900),
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "LLM inference and training, NVLink between several GPUs",
};
/// 141 GB of video memory.
pub const GPU_H200: MachineType = MachineType {
    name: "GPU-H200",
    figures: Figures {
        vram_mb: 141_000,
        vram_usable_mb: Some(150_119),
        ram_mb: 112_000,
        millicores: 12_000,
        bandwidth_gb_s: 4_800,
        encoders: 0,
        decoders: 7,
        av1_encode: Some(false),
        precisions: Some(BF16_FP8),
        nvlink_gb_s: None,
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "large models and long context on one GPU",
};
/// 192 GB of video memory.
pub const GPU_B200: MachineType = MachineType {
    name: "GPU-B200",
    figures: Figures {
        vram_mb: 192_000,
        vram_usable_mb: Some(191_512),
        ram_mb: 210_000,
        millicores: 19_000,
        bandwidth_gb_s: 8_000,
        encoders: 0,
        decoders: 7,
        av1_encode: Some(false),
        precisions: Some(BF16_FP8_FP6_FP4),
        nvlink_gb_s: None,
        price_per_hour: None,
        max_gpus: BUILT_IN_MAX_GPUS,
    },
    suits: "the largest models, with FP4, FP6 and FP8",
};

/// Every machine type, smallest first.
///
/// ```
/// use machinist_core::built_in::MACHINE_TYPES;
///
/// assert!(MACHINE_TYPES.is_sorted_by_key(|machine| machine.size()));
/// ```
pub const MACHINE_TYPES: &[MachineType] = &[
    XS,
    S,
    M,
    L,
    XL,
    GPU_RTX4090,
    GPU_RTX5090,
    GPU_A100,
    GPU_L40,
    GPU_H100,
    GPU_H200,
    GPU_B200,
];

/// The machine type with this exact name.
///
/// ```
/// use machinist_core::built_in::find;
///
/// assert_eq!(find("GPU-L40").map(|machine| machine.figures.encoders), Some(3));
/// assert_eq!(find("gpu-l40"), None);
/// ```
pub fn find(name: &str) -> Option<&'static MachineType> {
    MACHINE_TYPES.iter().find(|machine| machine.name == name)
}

/// The machine types of one kind, smallest first.
///
/// ```
/// use machinist_core::{MachineKind, built_in};
///
/// assert_eq!(built_in::of_kind(MachineKind::Cpu).count(), 5);
/// ```
pub fn of_kind(kind: MachineKind) -> impl Iterator<Item = &'static MachineType> {
    MACHINE_TYPES
        .iter()
        .filter(move |machine| machine.kind() == kind)
}

/// A kind of work and the machine types that the platform recommends for it, first choice first.
///
/// ```
/// use machinist_core::built_in::WORKLOADS;
///
/// assert!(WORKLOADS.iter().any(|workload| workload.name == "llm-inference"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The name that `cargo machinist machines --workload` takes.
    pub name: &'static str,
    /// The recommended machine types.
    pub machine_types: &'static [MachineType],
}

/// The machine types that the platform's page recommends, by workload.
///
/// ```
/// use machinist_core::built_in::WORKLOADS;
///
/// let training = WORKLOADS.iter().find(|workload| workload.name == "training").unwrap();
/// assert_eq!(training.machine_types[0].name, "GPU-A100");
/// ```
pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "image-generation",
        machine_types: &[GPU_RTX4090, GPU_RTX5090],
    },
    Workload {
        name: "video-generation",
        machine_types: &[GPU_RTX5090, GPU_L40],
    },
    Workload {
        name: "llm-inference",
        machine_types: &[GPU_H100, GPU_H200],
    },
    Workload {
        name: "training",
        machine_types: &[GPU_A100, GPU_H100, GPU_H200],
    },
    Workload {
        name: "largest-models",
        machine_types: &[GPU_B200, GPU_H200, GPU_H100],
    },
];
