//! The rules of `machine_type` and `gpus`, with the words where they are broken.

use alloc::format;
use alloc::string::String;

use crate::catalogue::Catalogue;
use crate::fitting::{fitting, meets};
use crate::machine::{MachineKind, MachineType};
use crate::machine_name::{self, memory_gb};
use crate::problem::Problem;
use crate::requirement::REQUIREMENTS;
use crate::text::shown;
use crate::unit::SIZE;

/// A machine type that is not in the catalogue, with the one that was probably meant.
///
/// ```
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::machine_types::unknown_machine_type;
///
/// let problem = unknown_machine_type(&Catalogue::built_in(), "GPU-H10O");
/// assert_eq!(problem.message, "unknown machine type `GPU-H10O`");
/// assert!(problem.help.unwrap().contains("`GPU-H100`"));
/// ```
pub fn unknown_machine_type(catalogue: &Catalogue, given: &str) -> Problem {
    let problem = Problem::new(format!("unknown machine type `{}`", shown(given)));
    let Some(meant) = catalogue.meant(given) else {
        let (cpu, gpu) = (
            machine_names(catalogue, MachineKind::Cpu),
            machine_names(catalogue, MachineKind::Gpu),
        );
        return problem.help(gpu).note(cpu);
    };
    let name = meant.name;
    let note = machine_names(catalogue, meant.kind());
    let required = |gb: u32| [(&REQUIREMENTS[0], gb.saturating_mul(1_000))];
    let problem = match memory_gb(given).map(required) {
        Some(required) if !meets(meant, 1, &required) => {
            let has = SIZE.show(meant.figures.vram_mb);
            let wanted = SIZE.show(required[0].1);
            let larger = fitting(catalogue, 1, &required)
                .next()
                .map_or_else(String::new, |m| {
                    format!("; the smallest with {wanted} is `{}`", m.name)
                });
            problem.help(format!(
                "`{name}` is the one of the catalogue, with {has}{larger}"
            ))
        }
        _ => problem.help(format!(
            "a machine type with a similar name exists: `{name}`"
        )),
    };
    problem.note(note)
}

/// A CPU type and a GPU type in one list.
pub(crate) fn mixed_list(first: &MachineType, other: &MachineType, gpus: bool) -> Problem {
    let kind = |machine: &MachineType| machine.kind().as_str();
    let (a, b) = (kind(other), kind(first));
    let help = if gpus {
        let cpu = if other.kind() == MachineKind::Cpu {
            other
        } else {
            first
        };
        format!("remove `{}`: `gpus` goes with GPU types only", cpu.name)
    } else {
        format!("list {b} types only, or {a} types only")
    };
    let article = |kind| if kind == "CPU" { "a CPU" } else { "a GPU" };
    Problem::new(format!(
        "`{}` is {} type in a list that begins with {} type",
        other.name,
        article(a),
        article(b)
    ))
    .help(help)
    .note("the types of a list are tried in order, and the same app must run on each")
}

/// `gpus` on a CPU type.
pub(crate) fn gpus_on_cpu(catalogue: &Catalogue, machine: &MachineType) -> Problem {
    Problem::new(format!(
        "`{}` is a CPU type and takes no `gpus`",
        machine.name
    ))
    .help("remove `gpus`, or name a GPU type as `machine_type`")
    .note(machine_names(catalogue, MachineKind::Gpu))
}

/// More GPUs than the machine type takes.
pub(crate) fn too_many_gpus(machine: &MachineType, gpus: u32) -> Problem {
    let max = machine.figures.max_gpus;
    Problem::new(format!(
        "`{}` takes at most {max} GPUs, not {gpus}",
        machine.name
    ))
    .help(format!("write a number from 1 to {max}"))
}

/// No `machine_type`.
pub(crate) fn missing_machine_type(catalogue: &Catalogue) -> Problem {
    Problem::new("this app names no machine type")
        .help("add `machine_type = \"...\"`, for instance `machine_type = \"GPU-H100\"`")
        .note(format!(
            "{}; {}",
            machine_names(catalogue, MachineKind::Gpu),
            machine_names(catalogue, MachineKind::Cpu)
        ))
}

fn machine_names(catalogue: &Catalogue, kind: MachineKind) -> String {
    machine_name::listed(catalogue.of_kind(kind), kind)
}
