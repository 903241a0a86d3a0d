//! What fits: which machine types meet the requirements of an app, and the words where one does
//! not.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::catalogue::Catalogue;
use crate::figure;
use crate::machine::{MachineKind, MachineType};
use crate::parameter::BUILT_IN_MAX_GPUS;
use crate::problem::{Problem, names, ticked};
use crate::requirement::Required;
use crate::unit::{SIZE, Unit};

/// Whether a runner of this machine type with this many GPUs meets all requirements.
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
    takes_gpus(machine, gpus) && missed(machine, gpus, required).next().is_none()
}

/// The requirements that a runner of this machine type with this many GPUs misses.
///
/// ```
/// use machinist_core::built_in::GPU_A100;
/// use machinist_core::fitting::missed;
/// use machinist_core::requirement::find;
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
        .filter(move |(what, amount)| !what.is_met(machine, gpus, *amount))
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

/// The fewest GPUs over `gpus` with which this machine type meets all requirements.
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

fn takes_gpus(machine: &MachineType, gpus: u32) -> bool {
    machine.kind() == MachineKind::Cpu || gpus <= machine.figures.max_gpus
}

/// A machine type that misses a requirement.
pub(crate) fn requirement_missed(
    catalogue: &Catalogue,
    machine: &MachineType,
    gpus: u32,
    required: &[Required],
    missed: &[Required],
) -> Problem {
    let name = machine.name;
    let with = gpu_count(gpus);
    let lack = |&(what, amount): &Required| {
        let has = what.describe_machine(machine, gpus);
        let adds_up = what.available(machine, gpus) != what.available(machine, 1);
        let with = if adds_up { &*with } else { "" };
        let wants = match has.contains(" no GPU") {
            true => what.describe(amount),
            false => what.show(amount),
        };
        format!("{has}{with}, and this app requires {wants}")
    };
    let mut lacks = missed.iter().map(lack);
    let first = lacks.next().unwrap_or_default();
    let mut notes: Vec<String> = lacks.map(|lack| format!("it also {lack}")).collect();
    if missed.iter().any(|(what, _)| what.key == figure::ENCODERS.key)
        && machine.figures.encoders == 0
    {
        notes.push(format!(
            "on `{name}` video is encoded in software on the CPU"
        ));
    }
    let problem = Problem::new(format!("`{name}` {first}"))
        .help(what_fits(catalogue, machine, gpus, required, missed));
    if notes.is_empty() {
        problem
    } else {
        problem.note(notes.join("; "))
    }
}

fn gpu_count(gpus: u32) -> String {
    if gpus > 1 {
        format!(" with {gpus} GPUs")
    } else {
        String::new()
    }
}

/// Which machine types meet the requirements, and how many GPUs would do.
fn what_fits(
    catalogue: &Catalogue,
    machine: &MachineType,
    gpus: u32,
    required: &[Required],
    missed: &[Required],
) -> String {
    let all: Vec<&MachineType> = fitting(catalogue, gpus.max(1), required).collect();
    let same: Vec<&MachineType> = all
        .iter()
        .copied()
        .filter(|other| other.kind() == machine.kind())
        .collect();
    let fitting = if same.is_empty() { all } else { same };
    let more = with_more_gpus(machine, gpus, required);
    let more = more.map(|gpus| format!("`{}` with `gpus = {gpus}`", machine.name));
    let one_of_many =
        matches!(missed, [(what, 1)] if what.unit() == Unit::Count) && required.len() == 1;
    match (&*fitting, more) {
        (fitting, _) if one_of_many && fitting.len() > 1 => {
            let fitting = fitting.iter().map(|other| ticked(other.name));
            format!("{} have one", names(fitting, "and"))
        }
        ([smallest, ..], more) => {
            let or = more.map_or_else(String::new, |more| format!(", and so does {more}"));
            let with = gpu_count(gpus);
            format!(
                "`{}` is the smallest machine type that does{with}{or}",
                smallest.name
            )
        }
        ([], Some(more)) => format!("{more} does"),
        ([], None) => match smallest_with_more_gpus(catalogue, gpus, required) {
            Some((other, gpus)) => format!("`{}` with `gpus = {gpus}` does", other.name),
            None => format!(
                "no machine type of the catalogue does, with up to {BUILT_IN_MAX_GPUS} GPUs: lower \
                 the requirement"
            ),
        },
    }
}

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

/// A warning: a machine type far larger than the requirements ask for. It is shown behind
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
        gpu_count(gpus),
        smallest.name,
        size(smallest),
    ))
    .help(format!(
        "write `machine_type = \"{}\"`, or `#[allow(deprecated)]` on the item if it is meant so",
        smallest.name
    ))
}
