//! Which machine types meet the requirements of an app, and the messages for one that does not.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::catalogue::Catalogue;
use crate::figure;
use crate::machine::{MachineKind, MachineType};
use crate::parameter::BUILT_IN_MAX_GPUS;
use crate::problem::{Problem, in_backticks, joined};
use crate::requirement::{Required, with_gpus};
use crate::unit::{SIZE, Unit};

/// Whether a runner of this machine type can have this many GPUs, and meets all requirements.
///
/// ```
/// use machinist_core::built_in::{GPU_A100, GPU_H100};
/// use machinist_core::fitting::meets;
/// use machinist_core::requirement::find;
///
/// let required = [(find("vram").unwrap(), 80_000)];
/// assert!(meets(&GPU_H100, 1, &required));
/// assert!(!meets(&GPU_A100, 1, &required));
/// assert!(meets(&GPU_A100, 2, &required));
/// ```
pub fn meets(machine: &MachineType, gpus: u32, required: &[Required]) -> bool {
    can_have_gpus(machine, gpus) && missed(machine, gpus, required).next().is_none()
}

/// The requirements that a runner of this machine type with this many GPUs does not meet.
///
/// ```
/// use machinist_core::built_in::GPU_A100;
/// use machinist_core::fitting::missed;
/// use machinist_core::requirement::find;
///
/// let required = [(find("encoders").unwrap(), 1), (find("ram").unwrap(), 1_000)];
/// let keys: Vec<&str> = missed(&GPU_A100, 1, &required).map(|(missed, _)| missed.key).collect();
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
        .filter(move |(requirement, amount)| !requirement.is_met(machine, gpus, *amount))
}

/// The machine types that meet all requirements with this many GPUs, smallest first.
///
/// ```
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::fitting::fitting;
/// use machinist_core::requirement::find;
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

/// The smallest number of GPUs above `gpus` with which this machine type meets all requirements.
///
/// ```
/// use machinist_core::built_in::GPU_A100;
/// use machinist_core::fitting::with_more_gpus;
/// use machinist_core::requirement::find;
///
/// let required = [(find("vram").unwrap(), 120_000)];
/// assert_eq!(with_more_gpus(&GPU_A100, 1, &required), Some(3));
/// ```
pub fn with_more_gpus(machine: &MachineType, gpus: u32, required: &[Required]) -> Option<u32> {
    (gpus + 1..=machine.figures.max_gpus).find(|&gpus| meets(machine, gpus, required))
}

fn can_have_gpus(machine: &MachineType, gpus: u32) -> bool {
    machine.kind() == MachineKind::Cpu || gpus <= machine.figures.max_gpus
}

/// A machine type that does not meet some requirements.
pub(crate) fn requirement_missed(
    catalogue: &Catalogue,
    machine: &MachineType,
    gpus: u32,
    required: &[Required],
    missed: &[Required],
) -> Problem {
    let name = machine.name;
    let mut misses = missed
        .iter()
        .map(|(requirement, amount)| requirement.explain_miss(machine, gpus, *amount));
    let first = misses.next().unwrap_or_default();
    let mut notes: Vec<String> = misses.map(|miss| format!("it also {miss}")).collect();
    let is_encoders = |(requirement, _): &Required| requirement.key == figure::ENCODERS.key;
    if missed.iter().any(is_encoders) && machine.figures.encoders == 0 {
        notes.push(format!(
            "on `{name}` video is encoded in software on the CPU"
        ));
    }
    let problem = Problem::new(format!("`{name}` {first}"))
        .help(alternatives(catalogue, machine, gpus, required, missed));
    if notes.is_empty() {
        problem
    } else {
        problem.note(notes.join("; "))
    }
}

/// Which machine types, or how many GPUs, meet the requirements that `machine` does not.
fn alternatives(
    catalogue: &Catalogue,
    machine: &MachineType,
    gpus: u32,
    required: &[Required],
    missed: &[Required],
) -> String {
    let all: Vec<&MachineType> = fitting(catalogue, gpus.max(1), required).collect();
    let same_kind: Vec<&MachineType> = all
        .iter()
        .copied()
        .filter(|other| other.kind() == machine.kind())
        .collect();
    let fitting = if same_kind.is_empty() { all } else { same_kind };
    let more_gpus = with_more_gpus(machine, gpus, required);
    let more_gpus = more_gpus.map(|gpus| format!("`{}` with `gpus = {gpus}`", machine.name));
    let is_one_engine = matches!(missed, [(requirement, 1)] if requirement.unit() == Unit::Count);
    match (&*fitting, more_gpus) {
        ([_, _, ..], _) if is_one_engine && required.len() == 1 => {
            let names = fitting.iter().map(|other| in_backticks(other.name));
            format!("{} have one", joined(names, "and"))
        }
        ([smallest, ..], more_gpus) => {
            let smallest = format!(
                "`{}` is the smallest machine type that meets `requires`{}",
                smallest.name,
                with_gpus(gpus)
            );
            match more_gpus {
                Some(more_gpus) => format!("{smallest}, and so does {more_gpus}"),
                None => smallest,
            }
        }
        ([], Some(more_gpus)) => format!("{more_gpus} meets `requires`"),
        ([], None) => match smallest_with_more_gpus(catalogue, gpus, required) {
            Some((other, gpus)) => {
                format!("`{}` with `gpus = {gpus}` meets `requires`", other.name)
            }
            None => format!(
                "no machine type of the catalogue meets `requires` with up to {BUILT_IN_MAX_GPUS} \
                 GPUs: lower the requirement"
            ),
        },
    }
}

/// The machine type that needs the fewest GPUs, more than `gpus`, to meet the requirements.
fn smallest_with_more_gpus(
    catalogue: &Catalogue,
    gpus: u32,
    required: &[Required],
) -> Option<(&'static MachineType, u32)> {
    let with_more =
        |machine| with_more_gpus(machine, gpus.max(1), required).map(|gpus| (machine, gpus));
    catalogue
        .machines()
        .iter()
        .copied()
        .filter_map(with_more)
        .min_by_key(|(_, gpus)| *gpus)
}

/// A warning: a machine type far larger than the requirements ask for. The compiler shows it after
/// "use of deprecated constant `_::larger_than_required`:".
pub(crate) fn larger_than_required(
    machine: &MachineType,
    smallest: &MachineType,
    gpus: u32,
) -> Problem {
    let size = |machine: &MachineType| SIZE.show(machine.with_gpus(gpus).vram_mb);
    Problem::new(format!(
        "`{}` has {} of VRAM{}, and `{}` with {} meets `requires`",
        machine.name,
        size(machine),
        with_gpus(gpus),
        smallest.name,
        size(smallest),
    ))
    .help(format!(
        "write `machine_type = \"{}\"`, or add `#[allow(deprecated)]` to the item to keep the \
         larger machine",
        smallest.name
    ))
}
