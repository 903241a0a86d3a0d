//! What an app needs of its machine, and which machines have it.

use alloc::format;
use alloc::string::{String, ToString};

use crate::attribute::Value;
use crate::catalogue::Catalogue;
use crate::machine::{MachineKind, MachineType};
use crate::problem::{self, Problem};
use crate::unit::{BANDWIDTH, Quantity, SIZE, decimals, scale};

/// In what a requirement is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// A size or a bandwidth, in its base unit.
    Quantity(&'static Quantity),
    /// Thousandths of a CPU core.
    Millicores,
    /// A whole number.
    Count,
    /// 1 for yes.
    Flag,
}

/// One key of `requires(...)`.
///
/// ```
/// use machinist_core::catalogue::GPU_H100;
/// use machinist_core::requirement::find;
///
/// let vram = find("vram").unwrap();
/// assert_eq!(vram.figure(&GPU_H100, 2), 160_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Requirement {
    /// The key in the attribute and in the manifest.
    pub key: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// What it means.
    pub doc: &'static str,
    /// What a machine has, with the plural for amounts over one.
    noun: (&'static str, &'static str),
    /// The figure of a runner of this machine type with this many GPUs.
    figure: fn(&MachineType, u32) -> u32,
}

/// A requirement and how much of it, in its unit.
pub type Required = (&'static Requirement, u32);

/// Every key of `requires(...)`, in the order of the manifest.
///
/// ```
/// assert_eq!(machinist_core::requirement::REQUIREMENTS[0].key, "vram");
/// ```
pub static REQUIREMENTS: &[Requirement] = &[
    Requirement {
        key: "vram",
        unit: Unit::Quantity(&SIZE),
        doc: "Video memory over all GPUs of a runner.",
        noun: ("of VRAM", "of VRAM"),
        figure: |machine, gpus| machine.with_gpus(gpus).vram_mb,
    },
    Requirement {
        key: "vram_per_gpu",
        unit: Unit::Quantity(&SIZE),
        doc: "Video memory of each GPU.",
        noun: ("of VRAM on each GPU", "of VRAM on each GPU"),
        figure: |machine, _| machine.vram_mb,
    },
    Requirement {
        key: "ram",
        unit: Unit::Quantity(&SIZE),
        doc: "Main memory of a runner.",
        noun: ("of RAM", "of RAM"),
        figure: |machine, gpus| machine.with_gpus(gpus).ram_mb,
    },
    Requirement {
        key: "cpus",
        unit: Unit::Millicores,
        doc: "CPU cores of a runner; a fraction is allowed.",
        noun: ("CPU core", "CPU cores"),
        figure: |machine, gpus| machine.with_gpus(gpus).millicores,
    },
    Requirement {
        key: "bandwidth",
        unit: Unit::Quantity(&BANDWIDTH),
        doc: "Memory bandwidth of each GPU.",
        noun: ("of memory bandwidth", "of memory bandwidth"),
        figure: |machine, _| machine.bandwidth_gb_s,
    },
    Requirement {
        key: "encoders",
        unit: Unit::Count,
        doc: "Hardware video encoders (NVENC) of a runner.",
        noun: ("hardware video encoder", "hardware video encoders"),
        figure: |machine, gpus| machine.with_gpus(gpus).encoders,
    },
    Requirement {
        key: "decoders",
        unit: Unit::Count,
        doc: "Hardware video decoders (NVDEC) of a runner.",
        noun: ("hardware video decoder", "hardware video decoders"),
        figure: |machine, gpus| machine.with_gpus(gpus).decoders,
    },
    Requirement {
        key: "av1_encode",
        unit: Unit::Flag,
        doc: "Hardware video encoders that write AV1.",
        noun: ("AV1 encode", "AV1 encode"),
        figure: |machine, _| u32::from(machine.av1_encode == Some(true)),
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
        let amount = match (self.unit, value) {
            (Unit::Quantity(quantity), Value::Text(text)) => quantity
                .read(text)
                .map_err(|instead| problem::bad_quantity(self.key, quantity, text, instead))?,
            (Unit::Count, Value::Integer(count)) => self.whole(*count)?,
            (Unit::Millicores, Value::Integer(cores)) => self
                .whole(cores.saturating_mul(1000))
                .map_err(|_| self.out_of_range(value))?,
            (Unit::Millicores, Value::Number(cores)) => match scale(cores, 1_000) {
                Some(millicores) => millicores,
                None => return Err(self.mistyped(value)),
            },
            (Unit::Flag, Value::Bool(flag)) => return Ok(u32::from(*flag)),
            _ => return Err(self.mistyped(value)),
        };
        if amount == 0 {
            Err(self.out_of_range(value))
        } else {
            Ok(amount)
        }
    }

    fn whole(&self, number: i128) -> Result<u32, Problem> {
        u32::try_from(number).map_err(|_| self.out_of_range(&Value::Integer(number)))
    }

    fn out_of_range(&self, value: &Value) -> Problem {
        problem::requires_nothing(self.key, value)
    }

    fn mistyped(&self, value: &Value) -> Problem {
        let takes = match self.unit {
            Unit::Quantity(quantity) => {
                let units = quantity.units.iter().map(|(name, _)| problem::ticked(name));
                format!("{} in {}", quantity.what, problem::names(units, "or"))
            }
            Unit::Millicores => "a number of cores".into(),
            Unit::Count => "a whole number".into(),
            Unit::Flag => "`true` or `false`".into(),
        };
        problem::mistyped(self.key, &takes, &self.meant(value), value)
    }

    /// A value as it is written.
    pub(crate) fn example(&self) -> String {
        self.meant(&Value::Bool(true))
    }

    /// What was meant by a value that is not taken, or else an example.
    pub(crate) fn meant(&self, value: &Value) -> String {
        match (self.unit, value) {
            (Unit::Quantity(quantity), value) => {
                let meant = match value {
                    Value::Number(text) | Value::Text(text) => quantity.meant(text),
                    Value::Integer(number) => Some(format!("{number} {}", quantity.usual_unit)),
                    _ => None,
                };
                let meant = meant.filter(|text| quantity.read(text).is_ok_and(|amount| amount > 0));
                format!("{:?}", meant.as_deref().unwrap_or(quantity.example))
            }
            (Unit::Millicores | Unit::Count, Value::Text(text))
                if scale(text, 1).is_some_and(|amount| amount > 0) =>
            {
                text.clone()
            }
            (Unit::Millicores | Unit::Count, _) => "1".into(),
            (Unit::Flag, _) => "true".into(),
        }
    }

    /// What a runner of this machine type with this many GPUs has of it, in its unit.
    pub fn figure(&self, machine: &MachineType, gpus: u32) -> u32 {
        (self.figure)(machine, gpus)
    }

    /// An amount with its unit.
    ///
    /// ```
    /// use machinist_core::requirement::find;
    ///
    /// assert_eq!(find("vram").unwrap().show(120_000), "120 GB");
    /// assert_eq!(find("cpus").unwrap().show(500), "0.5");
    /// ```
    pub fn show(&self, amount: u32) -> String {
        match self.unit {
            Unit::Quantity(quantity) => quantity.show(amount),
            Unit::Millicores => decimals(amount, 1_000),
            Unit::Count => amount.to_string(),
            Unit::Flag => "it".into(),
        }
    }

    /// An amount as the manifest writes it.
    pub(crate) fn json(&self, amount: u32) -> String {
        match self.unit {
            Unit::Quantity(_) | Unit::Count => amount.to_string(),
            Unit::Millicores => decimals(amount, 1_000),
            Unit::Flag => (amount != 0).to_string(),
        }
    }

    /// `40 GB of VRAM`, `no hardware video encoder`.
    pub(crate) fn describe(&self, amount: u32) -> String {
        let one = if self.unit == Unit::Millicores {
            1_000
        } else {
            1
        };
        match (self.unit, amount) {
            (Unit::Quantity(_), 0) => "no GPU".into(),
            (_, 0) => format!("no {}", self.noun.0),
            (Unit::Flag, _) => self.noun.0.into(),
            (_, amount) => {
                let noun = if amount <= one {
                    self.noun.0
                } else {
                    self.noun.1
                };
                format!("{} {noun}", self.show(amount))
            }
        }
    }
}

/// Whether a runner of this machine type with this many GPUs meets all requirements.
///
/// ```
/// use machinist_core::catalogue::{GPU_A100, GPU_H100};
/// use machinist_core::requirement::{find, meets};
///
/// let required = [(find("vram").unwrap(), 80_000)];
/// assert!(meets(&GPU_H100, 1, &required));
/// assert!(!meets(&GPU_A100, 1, &required));
/// assert!(meets(&GPU_A100, 2, &required));
/// ```
pub fn meets(machine: &MachineType, gpus: u32, required: &[Required]) -> bool {
    takes_gpus(machine, gpus) && missed(machine, gpus, required).next().is_none()
}

/// The requirements that a runner of this machine type with this many GPUs misses.
///
/// ```
/// use machinist_core::catalogue::GPU_A100;
/// use machinist_core::requirement::{find, missed};
///
/// let required = [(find("encoders").unwrap(), 1), (find("ram").unwrap(), 1_000)];
/// let keys: Vec<&str> = missed(&GPU_A100, 1, &required).map(|(what, _)| what.key).collect();
/// assert_eq!(keys, ["encoders"]);
/// ```
pub fn missed<'a>(
    machine: &'a MachineType,
    gpus: u32,
    required: &'a [Required],
) -> impl Iterator<Item = Required> + 'a {
    required
        .iter()
        .copied()
        .filter(move |(what, amount)| what.figure(machine, gpus) < *amount)
}

/// The machine types that meet all requirements with this many GPUs, smallest first.
///
/// ```
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::requirement::{find, fitting};
///
/// let required = [(find("encoders").unwrap(), 3)];
/// let all = Catalogue::built_in();
/// let names: Vec<_> = fitting(&all, 1, &required).map(|machine| machine.name).collect();
/// assert_eq!(names, ["GPU-RTX5090", "GPU-L40"]);
/// ```
pub fn fitting<'a>(
    catalogue: &'a Catalogue,
    gpus: u32,
    required: &'a [Required],
) -> impl Iterator<Item = &'static MachineType> + 'a {
    let all = catalogue.machines().iter().copied();
    all.filter(move |machine| meets(machine, gpus, required))
}

/// The fewest GPUs over `gpus` with which this machine type meets all requirements.
///
/// ```
/// use machinist_core::catalogue::GPU_A100;
/// use machinist_core::requirement::{find, with_more_gpus};
///
/// let required = [(find("vram").unwrap(), 120_000)];
/// assert_eq!(with_more_gpus(&GPU_A100, 1, &required), Some(3));
/// ```
pub fn with_more_gpus(machine: &MachineType, gpus: u32, required: &[Required]) -> Option<u32> {
    (gpus + 1..=machine.max_gpus).find(|&gpus| meets(machine, gpus, required))
}

fn takes_gpus(machine: &MachineType, gpus: u32) -> bool {
    machine.kind() == MachineKind::Cpu || gpus <= machine.max_gpus
}
