//! What an app requires of its machine: the keys of `requires(...)`, each a question to a figure.

use alloc::format;
use alloc::string::String;

use crate::amount::too_much;
use crate::attribute::Value;
use crate::figure::{self, Figure, Figures};
use crate::machine::{MachineKind, MachineType};
use crate::problem::Problem;
use crate::unit::Unit;

/// One key of `requires(...)`.
///
/// ```
/// use machinist_core::built_in::GPU_H100;
/// use machinist_core::requirement::find;
///
/// let ram = find("ram").unwrap();
/// assert_eq!(ram.available(&GPU_H100, 2), Some(224_000));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Requirement {
    /// The key in the attribute and in the manifest.
    pub key: &'static str,
    /// What it means.
    pub doc: &'static str,
    figure: &'static Figure,
    /// A figure that meets it too, where it is larger, and its name in a sentence.
    or: Option<(&'static Figure, &'static str)>,
    /// Whether it asks for the figure of each GPU, and not of the runner.
    per_gpu: bool,
    /// What a machine has, with the plural for amounts over one.
    noun: (&'static str, &'static str),
}

/// A requirement and how much of it, in its unit.
pub type Required = (&'static Requirement, u32);

/// An 80 GB card can hold what needs 84 GB, where software sees as much.
const USABLE_VRAM: Option<(&Figure, &str)> = Some((&figure::VRAM_USABLE, "usable"));

/// Every key of `requires(...)`, in the order of the manifest.
///
/// ```
/// assert_eq!(machinist_core::requirement::REQUIREMENTS[0].key, "vram");
/// ```
pub static REQUIREMENTS: &[Requirement] = &[
    Requirement {
        key: "vram",
        doc: "Video memory over all GPUs of a runner.",
        figure: &figure::VRAM,
        or: USABLE_VRAM,
        per_gpu: false,
        noun: ("of VRAM", "of VRAM"),
    },
    Requirement {
        key: "vram_per_gpu",
        doc: "Video memory of each GPU.",
        figure: &figure::VRAM,
        or: USABLE_VRAM,
        per_gpu: true,
        noun: ("of VRAM on each GPU", "of VRAM on each GPU"),
    },
    Requirement {
        key: "ram",
        doc: "Main memory of a runner.",
        figure: &figure::RAM,
        or: None,
        per_gpu: false,
        noun: ("of RAM", "of RAM"),
    },
    Requirement {
        key: "cpus",
        doc: "CPU cores of a runner; a fraction is allowed.",
        figure: &figure::CPUS,
        or: None,
        per_gpu: false,
        noun: ("CPU core", "CPU cores"),
    },
    Requirement {
        key: "bandwidth",
        doc: "Memory bandwidth of each GPU.",
        figure: &figure::BANDWIDTH_GB_S,
        or: None,
        per_gpu: true,
        noun: ("of memory bandwidth", "of memory bandwidth"),
    },
    Requirement {
        key: "encoders",
        doc: "Hardware video encoders (NVENC) of a runner.",
        figure: &figure::ENCODERS,
        or: None,
        per_gpu: false,
        noun: ("hardware video encoder", "hardware video encoders"),
    },
    Requirement {
        key: "decoders",
        doc: "Hardware video decoders (NVDEC) of a runner.",
        figure: &figure::DECODERS,
        or: None,
        per_gpu: false,
        noun: ("hardware video decoder", "hardware video decoders"),
    },
    Requirement {
        key: "av1_encode",
        doc: "Hardware video encoders that write AV1.",
        figure: &figure::AV1_ENCODE,
        or: None,
        per_gpu: true,
        noun: ("AV1 encode", "AV1 encode"),
    },
    Requirement {
        key: "nvlink",
        doc: "NVLink bandwidth between the GPUs of a runner.",
        figure: &figure::NVLINK,
        or: None,
        per_gpu: true,
        noun: ("of NVLink", "of NVLink"),
    },
    Requirement {
        key: "precision",
        doc: "Numeric formats that the GPUs compute in.",
        figure: &figure::PRECISIONS,
        or: None,
        per_gpu: true,
        noun: ("precision", "precision"),
    },
];

/// The requirement of this key.
///
/// ```
/// assert!(machinist_core::requirement::find("encoders").is_some());
/// ```
pub fn find(key: &str) -> Option<&'static Requirement> {
    REQUIREMENTS
        .iter()
        .find(|requirement| requirement.key == key)
}

impl Requirement {
    /// In what it is counted.
    pub fn unit(&self) -> Unit {
        self.figure.unit
    }

    /// Reads an amount.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what to write.
    ///
    /// ```
    /// use machinist_core::attribute::Value;
    /// use machinist_core::requirement::find;
    ///
    /// let vram = find("vram").unwrap();
    /// assert_eq!(vram.read(&Value::Text("120 GB".into())), Ok(120_000));
    /// assert!(vram.read(&Value::Integer(120)).is_err());
    /// ```
    pub fn read(&self, value: &Value) -> Result<u32, Problem> {
        match self.unit().read(self.key, value)? {
            0 if self.unit() != Unit::Flag => Err(too_much(self.key, value)),
            amount => Ok(amount),
        }
    }

    /// The figures that it is asked of.
    fn figures(&self, machine: &MachineType, gpus: u32) -> Figures {
        match self.per_gpu {
            true => machine.figures,
            false => machine.with_gpus(gpus),
        }
    }

    /// What a runner of this machine type with this many GPUs has of it, in its unit: the larger
    /// of nominal and usable memory. `None` where nobody lists it.
    pub fn available(&self, machine: &MachineType, gpus: u32) -> Option<u32> {
        let figures = self.figures(machine, gpus);
        let other = self.or.and_then(|(figure, _)| figure.get(&figures));
        self.figure.get(&figures).max(other)
    }

    /// Whether a runner of this machine type with this many GPUs has this much of it.
    pub(crate) fn is_met(&self, machine: &MachineType, gpus: u32, amount: u32) -> bool {
        let available = self.available(machine, gpus).unwrap_or(0);
        self.unit().is_met(available, amount)
    }

    /// What a runner of this machine type with this many GPUs has: `has 80 GB of VRAM (84.943 GB
    /// usable)`, `has no GPU`, `is not listed with AV1 encode`.
    pub(crate) fn describe_machine(&self, machine: &MachineType, gpus: u32) -> String {
        let figures = self.figures(machine, gpus);
        let lacks_gpus =
            self.figure.presence.is_of_gpu_types() && machine.kind() == MachineKind::Cpu;
        match (self.figure.get(&figures), self.unit()) {
            (_, Unit::Quantity(_)) if lacks_gpus => "has no GPU".into(),
            _ if lacks_gpus => format!("has no {}", self.bare_noun()),
            (None, _) => format!("is not listed with {}", self.bare_noun()),
            (Some(0), _) => format!("has no {}", self.bare_noun()),
            (Some(amount), _) => {
                let other = self
                    .or
                    .and_then(|(figure, name)| Some((figure.get(&figures)?, name)));
                let other = other.map_or_else(String::new, |(amount, name)| {
                    format!(" ({} {name})", self.show(amount))
                });
                format!("has {}{other}", self.describe(amount))
            }
        }
    }

    /// Whether the noun names the amount, so that "it" stands for it in a sentence.
    fn is_named_by_noun(&self) -> bool {
        self.unit() == Unit::Flag
    }

    /// `40 GB`, or `it` where there is nothing to count.
    pub(crate) fn show(&self, amount: u32) -> String {
        match self.is_named_by_noun() {
            true => "it".into(),
            false => self.unit().show(amount),
        }
    }

    /// `40 GB of VRAM`, `2 hardware video encoders`.
    pub(crate) fn describe(&self, amount: u32) -> String {
        let (one, several) = self.noun;
        match self.unit() {
            Unit::Flag => one.into(),
            unit if amount <= unit.one() => format!("{} {one}", self.show(amount)),
            _ => format!("{} {several}", self.show(amount)),
        }
    }

    fn bare_noun(&self) -> &'static str {
        self.noun.0.trim_start_matches("of ")
    }
}
