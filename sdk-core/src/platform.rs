//! The names that the GPUs of the built-in machine types have on other platforms.
//!
//! They are the node labels of NVIDIA's GPU feature discovery, SkyPilot's names of accelerators, and
//! those of `gpuhunt`, which dstack uses.

/// The key of the node label that names the GPU, set by NVIDIA's GPU feature discovery.
pub const NODE_LABEL: &str = "nvidia.com/gpu.product";

/// The names of a GPU type on other platforms.
///
/// ```
/// use machinist_core::platform;
///
/// let names = platform::names("GPU-L40").unwrap();
/// assert_eq!((names.node_labels, names.accelerator), (&["NVIDIA-L40"][..], "L40"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name of the machine type.
    pub machine_type: &'static str,
    /// The values of the label [`NODE_LABEL`] on nodes with this GPU.
    pub node_labels: &'static [&'static str],
    /// The GPU's name in SkyPilot. [`DstackGpu::of_accelerator`] gives dstack's.
    pub accelerator: &'static str,
}

/// The names of every GPU type.
pub const NAMES: &[Names] = &[
    Names {
        machine_type: "GPU-RTX4090",
        node_labels: &["NVIDIA-GeForce-RTX-4090"],
        accelerator: "RTX4090",
    },
    Names {
        machine_type: "GPU-RTX5090",
        node_labels: &["NVIDIA-GeForce-RTX-5090"],
        accelerator: "RTX5090",
    },
    Names {
        machine_type: "GPU-A100",
        node_labels: &["NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB"],
        accelerator: "A100",
    },
    Names {
        machine_type: "GPU-L40",
        node_labels: &["NVIDIA-L40"],
        accelerator: "L40",
    },
    Names {
        machine_type: "GPU-H100",
        node_labels: &[
            "NVIDIA-H100-80GB-HBM3",
            "NVIDIA-H100-PCIe",
            "NVIDIA-H100-NVL",
        ],
        accelerator: "H100",
    },
    Names {
        machine_type: "GPU-H200",
        node_labels: &["NVIDIA-H200", "NVIDIA-H200-NVL"],
        accelerator: "H200",
    },
    Names {
        machine_type: "GPU-B200",
        node_labels: &["NVIDIA-B200"],
        accelerator: "B200",
    },
];

/// The names of a machine type; `None` for a CPU type.
///
/// ```
/// assert_eq!(machinist_core::platform::names("XL"), None);
/// ```
pub fn names(machine_type: &str) -> Option<&'static Names> {
    NAMES
        .iter()
        .find(|names| names.machine_type == machine_type)
}

/// A GPU as dstack names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DstackGpu<'a> {
    /// The name.
    pub name: &'a str,
    /// Its memory in GB, if SkyPilot's name has it: dstack writes that apart.
    pub memory_gb: Option<u32>,
}

/// SkyPilot's names of GPUs, with dstack's where they differ.
pub const DSTACK_NAMES: &[(&str, &str)] = &[
    ("RTX2000-Ada", "RTX2000Ada"),
    ("RTX4000-Ada", "RTX4000Ada"),
    ("RTX6000-Ada", "RTX6000Ada"),
    ("RTXA4000", "A4000"),
    ("RTXA4500", "A4500"),
    ("RTXA5000", "A5000"),
    ("RTXA6000", "A6000"),
];

/// dstack's names of GPUs that exist with memories of several sizes.
pub const DSTACK_SEVERAL_MEMORIES: &[&str] = &[
    "A100",
    "RTX2060",
    "RTX3050",
    "RTX3060",
    "RTX4060Ti",
    "RTX5060Ti",
    "V100",
];

impl<'a> DstackGpu<'a> {
    /// dstack's name of the GPU that SkyPilot calls so.
    ///
    /// ```
    /// use machinist_core::platform::DstackGpu;
    ///
    /// assert_eq!(DstackGpu::of_accelerator("H100").name, "H100");
    /// assert_eq!(DstackGpu::of_accelerator("RTXA6000").name, "A6000");
    /// let gpu = DstackGpu::of_accelerator("A100-80GB");
    /// assert_eq!((gpu.name, gpu.memory_gb), ("A100", Some(80)));
    /// ```
    pub fn of_accelerator(accelerator: &'a str) -> Self {
        if let Some((name, memory)) = accelerator.split_once('-') {
            let memory = memory.split('-').next().unwrap_or_default();
            let digits = memory.strip_suffix("GB");
            if let Some(memory_gb) = digits.and_then(|digits| digits.parse().ok()) {
                return Self {
                    name,
                    memory_gb: Some(memory_gb),
                };
            }
        }
        let differs = DSTACK_NAMES
            .iter()
            .find(|(skypilot, _)| *skypilot == accelerator);
        Self {
            name: differs.map_or(accelerator, |(_, dstack)| dstack),
            memory_gb: None,
        }
    }
}
