//! The names that the GPUs of the built-in machine types have on other platforms.
//!
//! They are the node labels of NVIDIA's GPU feature discovery, and SkyPilot's names of
//! accelerators.

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
    /// The GPU's name in SkyPilot and dstack.
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
