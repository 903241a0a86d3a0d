//! The problems of `machine_type` and `gpus`.

use alloc::format;
use alloc::string::String;

use crate::catalogue::Catalogue;
use crate::fitting::{fitting, meets};
use crate::machine::{MachineKind, MachineType};
use crate::machine_name::{self, memory_gb};
use crate::problem::Problem;
use crate::requirement::REQUIREMENTS;
use crate::text::visible;
use crate::unit::SIZE;

/// A machine type that is not in the catalogue, with a similar one if there is any.
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
    let problem = Problem::new(format!("unknown machine type `{}`", visible(given)));
    let Some(similar) = catalogue.similar(given) else {
        let (cpu, gpu) = (
            machine_names(catalogue, MachineKind::Cpu),
            machine_names(catalogue, MachineKind::Gpu),
        );
        return problem.help(gpu).note(cpu);
    };
    let name = similar.name;
    let note = machine_names(catalogue, similar.kind());
    let required = |gb: u32| [(&REQUIREMENTS[0], gb.saturating_mul(1_000))];
    let problem = match memory_gb(given).map(required) {
        Some(required) if !meets(similar, 1, &required) => {
            let has = SIZE.show(similar.figures.vram_mb);
            let wanted = SIZE.show(required[0].1);
            let larger =
                fitting(catalogue, 1, &required)
                    .next()
                    .map_or_else(String::new, |machine| {
                        format!(
                            "; the smallest machine type with {wanted} is `{}`",
                            machine.name
                        )
                    });
            problem.help(format!("the catalogue has `{name}` with {has}{larger}"))
        }
        _ => problem.help(format!(
            "a machine type with a similar name exists: `{name}`"
        )),
    };
    problem.note(note)
}

/// A CPU type and a GPU type in one list.
pub(crate) fn mixed_list(first: &MachineType, other: &MachineType, has_gpus: bool) -> Problem {
    let kind = |machine: &MachineType| machine.kind().as_str();
    let (other_kind, first_kind) = (kind(other), kind(first));
    let help = if has_gpus {
        let cpu = if other.kind() == MachineKind::Cpu {
            other
        } else {
            first
        };
        format!("remove `{}`: only GPU types take `gpus`", cpu.name)
    } else {
        format!("list {first_kind} types only, or {other_kind} types only")
    };
    let with_article = |kind| if kind == "CPU" { "a CPU" } else { "a GPU" };
    Problem::new(format!(
        "`{}` is {} type in a list that begins with {} type",
        other.name,
        with_article(other_kind),
        with_article(first_kind)
    ))
    .help(help)
    .note("the machine types of a list are tried in order, and the app must run on each of them")
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

/// More GPUs than the machine type has at most.
pub(crate) fn too_many_gpus(machine: &MachineType, gpus: u32) -> Problem {
    let max = machine.figures.max_gpus;
    Problem::new(format!(
        "`{}` takes at most {max} GPUs, not {gpus}",
        machine.name
    ))
    .help(format!("write a number from 1 to {max}"))
}

/// An app without `machine_type`.
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
