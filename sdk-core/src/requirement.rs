//! The keys of `requires(...)`: what an app can require of its machine, and the figure that each
//! requirement asks for.

use alloc::format;
use alloc::string::String;

use crate::amount::out_of_range;
use crate::attribute::Value;
use crate::figure::{self, Figure, Figures};
use crate::machine::{MachineKind, MachineType};
use crate::problem::{Problem, joined};
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
    /// What the requirement means.
    pub doc: &'static str,
    figure: &'static Figure,
    /// A second figure that meets the requirement if it is larger, and the word that messages add
    /// to its amount.
    alternative: Option<(&'static Figure, &'static str)>,
    /// Whether the figure is that of each GPU, and not of the whole runner.
    per_gpu: bool,
    /// What messages call the figure, and the plural for amounts over one.
    noun: (&'static str, &'static str),
}

/// A requirement and the required amount, in the requirement's unit.
pub type Required = (&'static Requirement, u32);

/// Usable memory may be larger than nominal memory: an 80 GB card can hold 84 GB.
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
        alternative: USABLE_VRAM,
        per_gpu: false,
        noun: ("of VRAM", "of VRAM"),
    },
    Requirement {
        key: "vram_per_gpu",
        doc: "Video memory of each GPU.",
        figure: &figure::VRAM,
        alternative: USABLE_VRAM,
        per_gpu: true,
        noun: ("of VRAM on each GPU", "of VRAM on each GPU"),
    },
    Requirement {
        key: "ram",
        doc: "Main memory of a runner.",
        figure: &figure::RAM,
        alternative: None,
        per_gpu: false,
        noun: ("of RAM", "of RAM"),
    },
    Requirement {
        key: "cpus",
        doc: "CPU cores of a runner; a fraction is allowed.",
        figure: &figure::CPUS,
        alternative: None,
        per_gpu: false,
        noun: ("CPU core", "CPU cores"),
    },
    Requirement {
        key: "bandwidth",
        doc: "Memory bandwidth of each GPU.",
        figure: &figure::BANDWIDTH_GB_S,
        alternative: None,
        per_gpu: true,
        noun: ("of memory bandwidth", "of memory bandwidth"),
    },
    Requirement {
        key: "encoders",
        doc: "Hardware video encoders (NVENC) of a runner.",
        figure: &figure::ENCODERS,
        alternative: None,
        per_gpu: false,
        noun: ("hardware video encoder", "hardware video encoders"),
    },
    Requirement {
        key: "decoders",
        doc: "Hardware video decoders (NVDEC) of a runner.",
        figure: &figure::DECODERS,
        alternative: None,
        per_gpu: false,
        noun: ("hardware video decoder", "hardware video decoders"),
    },
    Requirement {
        key: "av1_encode",
        doc: "Hardware video encoders that write AV1.",
        figure: &figure::AV1_ENCODE,
        alternative: None,
        per_gpu: true,
        noun: ("AV1 encode", "AV1 encode"),
    },
    Requirement {
        key: "nvlink",
        doc: "NVLink bandwidth between the GPUs of a runner.",
        figure: &figure::NVLINK,
        alternative: None,
        per_gpu: true,
        noun: ("of NVLink", "of NVLink"),
    },
    Requirement {
        key: "precision",
        doc: "Numeric formats that the GPUs compute in.",
        figure: &figure::PRECISIONS,
        alternative: None,
        per_gpu: true,
        noun: ("precision", "precisions"),
    },
];

/// The requirement with this key.
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
    /// The unit of the required amount.
    pub fn unit(&self) -> Unit {
        self.figure.unit
    }

    /// Reads the required amount.
    ///
    /// # Errors
    ///
    /// If the value has another type or is out of range; the problem says what to write.
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
            0 if self.unit() != Unit::Flag => Err(out_of_range(self.key, value)),
            amount => Ok(amount),
        }
    }

    /// The figures that the requirement is compared with: those of a runner, or of one GPU.
    fn figures(&self, machine: &MachineType, gpus: u32) -> Figures {
        match self.per_gpu {
            true => machine.figures,
            false => machine.with_gpus(gpus),
        }
    }

    /// The amount that a runner of this machine type with this many GPUs has, in the requirement's
    /// unit; of nominal and usable memory the larger. `None` if it is not listed.
    pub fn available(&self, machine: &MachineType, gpus: u32) -> Option<u32> {
        let figures = self.figures(machine, gpus);
        let alternative = self.alternative.map(|(figure, _)| figure);
        let alternative = alternative.and_then(|figure| figure.get(&figures));
        self.figure.get(&figures).max(alternative)
    }

    /// Whether a runner of this machine type with this many GPUs has the required amount.
    pub(crate) fn is_met(&self, machine: &MachineType, gpus: u32, required: u32) -> bool {
        let available = self.available(machine, gpus).unwrap_or(0);
        self.unit().is_enough(available, required)
    }

    /// Whether the requirement asks for a figure of GPUs, and the machine type has none.
    fn lacks_gpu(&self, machine: &MachineType) -> bool {
        self.figure.presence.is_gpu_only() && machine.kind() == MachineKind::Cpu
    }

    /// Why a runner of this machine type with this many GPUs does not meet the requirement: `has 40
    /// GB of VRAM, and this app requires 80 GB`.
    pub(crate) fn explain_miss(&self, machine: &MachineType, gpus: u32, required: u32) -> String {
        // A machine without a GPU "has no encoder"; but "has no VRAM" would not say why.
        let lacks_gpu =
            self.lacks_gpu(machine) && matches!(self.unit(), Unit::Quantity(_) | Unit::Words(_));
        let has = match self.figure.get(&self.figures(machine, gpus)) {
            _ if lacks_gpu => "has no GPU".into(),
            Some(amount) if amount > 0 => {
                format!("has {}", self.describe_available(amount, machine, gpus))
            }
            None if machine.kind() == MachineKind::Gpu => {
                format!("is not listed with {}", self.bare_noun())
            }
            _ => format!("has no {}", self.bare_noun()),
        };
        let adds_up = self.available(machine, gpus) != self.available(machine, 1);
        let with_gpus = if adds_up {
            with_gpus(gpus)
        } else {
            String::new()
        };
        let requires = match self.unit() {
            Unit::Flag => "it".into(),
            _ if lacks_gpu => self.describe(required),
            _ => self.show(required),
        };
        format!("{has}{with_gpus}, and this app requires {requires}")
    }

    /// `80 GB of VRAM (84.943 GB usable)`.
    fn describe_available(&self, amount: u32, machine: &MachineType, gpus: u32) -> String {
        let figures = self.figures(machine, gpus);
        let alternative = self
            .alternative
            .and_then(|(figure, word)| Some((figure.get(&figures)?, word)));
        let described = self.describe(amount);
        match alternative {
            Some((amount, word)) => format!("{described} ({} {word})", self.show(amount)),
            None => described,
        }
    }

    /// `40 GB of VRAM`, `2 hardware video encoders`, `precision fp8`, `AV1 encode`.
    fn describe(&self, amount: u32) -> String {
        let (singular, plural) = self.noun;
        match self.unit() {
            Unit::Flag => singular.into(),
            Unit::Words(_) => {
                let noun = if amount.count_ones() == 1 {
                    singular
                } else {
                    plural
                };
                format!("{noun} {}", self.show(amount))
            }
            unit if amount <= unit.amount_of_one() => format!("{} {singular}", self.show(amount)),
            _ => format!("{} {plural}", self.show(amount)),
        }
    }

    /// `40 GB`, `2`, `fp8 and fp4`.
    fn show(&self, amount: u32) -> String {
        match self.unit() {
            Unit::Words(words) => joined(words.in_set(amount), "and"),
            unit => unit.show(amount),
        }
    }

    fn bare_noun(&self) -> &'static str {
        self.noun.0.trim_start_matches("of ")
    }
}

/// ` with 2 GPUs`; nothing for one GPU or none.
pub(crate) fn with_gpus(gpus: u32) -> String {
    if gpus > 1 {
        format!(" with {gpus} GPUs")
    } else {
        String::new()
    }
}
