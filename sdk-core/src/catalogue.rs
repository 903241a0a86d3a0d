//! The built-in catalogue: the platform's machine types, figure by figure.
//!
//! Source: the platform's "Machine Types" page. A constant's name is the machine type's name with
//! `-` written as `_`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::machine::{MachineKind, MachineType};
use crate::own::OwnMachine;
use crate::suggest;

/// The most GPUs one runner takes, where the catalogue does not say otherwise.
pub const MAX_GPUS: u32 = 8;

/// The most GPUs that a catalogue can say: more is a typing error.
pub const MOST_GPUS: u32 = 64;

const fn cpu(name: &'static str, ram_mb: u32, millicores: u32) -> MachineType {
    MachineType {
        name,
        vram_mb: 0,
        ram_mb,
        millicores,
        bandwidth_gb_s: 0,
        encoders: 0,
        decoders: 0,
        av1_encode: Some(false),
        max_gpus: 0,
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
    vram_mb: 24_000,
    ram_mb: 48_000,
    millicores: 12_000,
    bandwidth_gb_s: 1_000,
    encoders: 2,
    decoders: 2,
    av1_encode: None,
    max_gpus: MAX_GPUS,
    suits: "SDXL, Flux and most LoRA fine-tunes",
};
/// 32 GB of video memory, AV1 encode.
pub const GPU_RTX5090: MachineType = MachineType {
    name: "GPU-RTX5090",
    vram_mb: 32_000,
    ram_mb: 60_000,
    millicores: 14_000,
    bandwidth_gb_s: 1_800,
    encoders: 3,
    decoders: 3,
    av1_encode: Some(true),
    max_gpus: MAX_GPUS,
    suits: "larger diffusion models, video generation with AV1 hardware encode",
};
/// 40 GB of video memory.
pub const GPU_A100: MachineType = MachineType {
    name: "GPU-A100",
    vram_mb: 40_000,
    ram_mb: 60_000,
    millicores: 12_000,
    bandwidth_gb_s: 2_000,
    encoders: 0,
    decoders: 5,
    av1_encode: Some(false),
    max_gpus: MAX_GPUS,
    suits: "general training and inference below Hopper's price",
};
/// 48 GB of video memory, AV1 encode.
pub const GPU_L40: MachineType = MachineType {
    name: "GPU-L40",
    vram_mb: 48_000,
    ram_mb: 100_000,
    millicores: 6_000,
    bandwidth_gb_s: 900,
    encoders: 3,
    decoders: 3,
    av1_encode: Some(true),
    max_gpus: MAX_GPUS,
    suits: "inference together with video transcoding and graphics rendering",
};
/// 80 GB of video memory, NVLink 4.0 at 900 GB/s between several GPUs.
pub const GPU_H100: MachineType = MachineType {
    name: "GPU-H100",
    vram_mb: 80_000,
    ram_mb: 112_000,
    millicores: 12_000,
    bandwidth_gb_s: 3_400,
    encoders: 0,
    decoders: 7,
    av1_encode: Some(false),
    max_gpus: MAX_GPUS,
    suits: "LLM inference and training, NVLink between several GPUs",
};
/// 141 GB of video memory.
pub const GPU_H200: MachineType = MachineType {
    name: "GPU-H200",
    vram_mb: 141_000,
    ram_mb: 112_000,
    millicores: 12_000,
    bandwidth_gb_s: 4_800,
    encoders: 0,
    decoders: 7,
    av1_encode: Some(false),
    max_gpus: MAX_GPUS,
    suits: "large models and long context on one GPU",
};
/// 192 GB of video memory.
pub const GPU_B200: MachineType = MachineType {
    name: "GPU-B200",
    vram_mb: 192_000,
    ram_mb: 210_000,
    millicores: 19_000,
    bandwidth_gb_s: 8_000,
    encoders: 0,
    decoders: 7,
    av1_encode: Some(false),
    max_gpus: MAX_GPUS,
    suits: "the largest models, with FP4, FP6 and FP8",
};

/// Every machine type, smallest first.
///
/// ```
/// use machinist_core::catalogue::MACHINE_TYPES;
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

/// The machine type of this exact name.
///
/// ```
/// use machinist_core::catalogue::find;
///
/// assert_eq!(find("GPU-L40").map(|machine| machine.encoders), Some(3));
/// assert_eq!(find("gpu-l40"), None);
/// ```
pub fn find(name: &str) -> Option<&'static MachineType> {
    MACHINE_TYPES.iter().find(|machine| machine.name == name)
}

/// The machine types of one kind, smallest first.
///
/// ```
/// use machinist_core::{MachineKind, catalogue};
///
/// assert_eq!(catalogue::of_kind(MachineKind::Cpu).count(), 5);
/// ```
pub fn of_kind(kind: MachineKind) -> impl Iterator<Item = &'static MachineType> {
    MACHINE_TYPES
        .iter()
        .filter(move |machine| machine.kind() == kind)
}

/// A kind of work and the machine types that the platform recommends for it, first choice first.
///
/// ```
/// use machinist_core::catalogue::WORKLOADS;
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

/// What the platform's page recommends by workload.
///
/// ```
/// use machinist_core::catalogue::WORKLOADS;
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

/// The machine type that was probably meant by a name that is not in the catalogue: without
/// regard to case, to `_` for `-`, to a missing `GPU-`, to a maker before it and a memory size
/// behind it; or else one spelt nearly like it.
///
/// ```
/// use machinist_core::catalogue::meant;
///
/// for given in ["H100", "gpu-h100", "GPU_H100", "GPU-H10O", "nvidia-h100-80gb"] {
///     assert_eq!(meant(given).map(|machine| machine.name), Some("GPU-H100"), "{given}");
/// }
/// assert_eq!(meant("abacus"), None);
/// ```
pub fn meant(given: &str) -> Option<&'static MachineType> {
    Catalogue::built_in().meant(given)
}

/// The built-in machine types and a project's own.
///
/// ```
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::own;
///
/// let own = own::read("[XXL]\nram = \"60 GB\"\ncpus = 16\n").unwrap();
/// let catalogue = Catalogue::with(own);
/// assert_eq!(catalogue.find("XXL").unwrap().ram_mb, 60_000);
/// assert_eq!(catalogue.meant("xxl").unwrap().name, "XXL");
/// assert!(catalogue.find("GPU-H100").is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    machines: Vec<&'static MachineType>,
    own: Vec<OwnMachine>,
}

impl Catalogue {
    /// The built-in machine types.
    pub fn built_in() -> Self {
        Self::with(Vec::new())
    }

    /// With a project's own, which come before built-in ones of the same name.
    pub fn with(own: Vec<OwnMachine>) -> Self {
        let is_own =
            |machine: &&MachineType| own.iter().any(|own| own.machine.name == machine.name);
        let built_in = MACHINE_TYPES.iter().filter(|machine| !is_own(machine));
        let mut machines: Vec<_> = built_in.chain(own.iter().map(|own| own.machine)).collect();
        machines.sort_by_key(|machine| machine.size());
        Self { machines, own }
    }

    /// Every machine type, smallest first.
    pub fn machines(&self) -> &[&'static MachineType] {
        &self.machines
    }

    /// The machine type of this exact name.
    pub fn find(&self, name: &str) -> Option<&'static MachineType> {
        let mut machines = self.machines.iter();
        machines.find(|machine| machine.name == name).copied()
    }

    /// The machine types of one kind, smallest first.
    pub fn of_kind(&self, kind: MachineKind) -> impl Iterator<Item = &'static MachineType> {
        let machines = self.machines.iter().copied();
        machines.filter(move |machine| machine.kind() == kind)
    }

    /// What the project says of this machine type.
    pub fn own(&self, name: &str) -> Option<&OwnMachine> {
        self.own.iter().find(|own| own.machine.name == name)
    }

    /// The machine type that was probably meant by a name, as [`meant`] finds it.
    pub fn meant(&self, given: &str) -> Option<&'static MachineType> {
        let name = bare(given);
        let all = || self.machines.iter().copied();
        all()
            .find(|machine| bare(machine.name) == name)
            .or_else(|| {
                let nearest = suggest::nearest(&name, all().map(bare_name))?;
                all().find(|machine| bare_name(machine) == nearest)
            })
    }
}

/// The name without what GPU types have in common, as it stands.
fn bare_name(machine: &'static MachineType) -> &'static str {
    machine.name.strip_prefix("GPU-").unwrap_or(machine.name)
}

fn bare(given: &str) -> String {
    let mut words: Vec<String> = given
        .split(['-', '_', ' ', ':'])
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    if words.len() > 1 && words.last().is_some_and(|word| is_memory(word)) {
        words.pop();
    }
    let common = |word: &String| matches!(&**word, "GPU" | "NVIDIA" | "GEFORCE" | "TESLA");
    if words.iter().any(|word| !common(word)) {
        words.retain(|word| !common(word));
    }
    let name = words.concat();
    match name.strip_prefix("GPU") {
        Some(rest) if !rest.is_empty() => rest.into(),
        _ => name,
    }
}

fn is_memory(word: &str) -> bool {
    memory_gb(word).is_some()
}

/// The memory size in GB at the end of a name such as `A100-80GB`.
pub(crate) fn memory_gb(name: &str) -> Option<u32> {
    let word = name
        .rsplit(['-', '_', ' ', ':'])
        .next()?
        .to_ascii_uppercase();
    word.strip_suffix("GB")
        .or_else(|| word.strip_suffix('G'))?
        .parse()
        .ok()
}
