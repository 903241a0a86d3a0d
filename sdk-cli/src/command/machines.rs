//! `cargo machinist machines`: shows the catalogue, and chooses machines that meet requirements.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use machinist_core::catalogue::{Catalogue, MOST_GPUS, WORKLOADS};
use machinist_core::problem::unknown_machine_type;
use machinist_core::requirement::{self, REQUIREMENTS, Required, Requirement, Unit, meets};
use machinist_core::unit::{BANDWIDTH, SIZE, decimals, scale};
use machinist_core::{MachineKind, MachineType};
use serde::Serialize;

use crate::args::globals::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::machines_file;
use crate::output::{Line, Look, Output};

/// Print the machine types, or those that meet the requirements, smallest first
///
/// All figures are per runner. 1 GB = 1000 MB.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show this machine type in full
    name: Option<String>,
    /// GPUs of a runner [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_GPUS as i64))]
    gpus: Option<u32>,
    /// Only machine types that the platform recommends for this work, the best first
    #[arg(long, conflicts_with = "name", value_parser = workloads(), help_heading = REQUIRES)]
    workload: Option<String>,
    #[command(flatten)]
    required: Requirements,
}

const REQUIRES: &str = "Requirements";

fn workloads() -> PossibleValuesParser {
    PossibleValuesParser::new(WORKLOADS.iter().map(|workload| workload.name))
}

/// What a machine must have. Each requirement that an app can have is a flag.
#[derive(Debug)]
struct Requirements(Vec<Required>);

impl clap::Args for Requirements {
    fn augment_args(command: Command) -> Command {
        command.args(REQUIREMENTS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Requirements {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let amount = |what: &Requirement| match what.unit {
            Unit::Flag => matches.get_flag(what.key).then_some(1),
            _ => matches.get_one(what.key).copied(),
        };
        let required = REQUIREMENTS
            .iter()
            .filter_map(|what| Some((what, amount(what)?)));
        Ok(Self(required.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(what: &'static Requirement) -> Arg {
    let flag = Arg::new(what.key)
        .long(what.key.replace('_', "-"))
        .help(what.doc.trim_end_matches('.'))
        .help_heading(REQUIRES)
        .conflicts_with("name");
    let value = match what.unit {
        Unit::Flag => return flag.action(ArgAction::SetTrue),
        Unit::Quantity(quantity) => quantity.what.trim_start_matches("a ").to_uppercase(),
        Unit::Millicores | Unit::Count => "N".into(),
    };
    flag.value_name(value)
        .value_parser(move |text: &str| amount(what.unit, text))
}

fn amount(unit: Unit, text: &str) -> Result<u32, String> {
    match unit {
        Unit::Quantity(quantity) => quantity.read(text).map_err(|instead| {
            let example = instead.unwrap_or_else(|| quantity.example.into());
            format!("write {} like `{}`", quantity.what, unspaced(&example))
        }),
        Unit::Millicores => {
            scale(text, 1_000).ok_or_else(|| "write a number of cores like `4` or `0.5`".into())
        }
        Unit::Count | Unit::Flag => text.parse().map_err(|_| "write a number like `1`".into()),
    }
}

/// The amount without spaces, so that a shell needs no quotes.
fn unspaced(amount: &str) -> String {
    amount.replace(' ', "")
}

impl Args {
    /// The machine types to choose from, in the order to show them.
    fn candidates(&self, catalogue: &Catalogue) -> Vec<&'static MachineType> {
        let workload = self.workload.as_ref();
        let workload = workload.and_then(|name| WORKLOADS.iter().find(|w| w.name == name));
        let all = match workload {
            Some(workload) => workload.machine_types.iter().collect(),
            None => catalogue.machines().to_vec(),
        };
        // Whoever asks for a number of GPUs does not want a machine without.
        let kind =
            |machine: &&MachineType| self.gpus.is_none() || machine.kind() == MachineKind::Gpu;
        all.into_iter().filter(kind).collect()
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let catalogue = machines_file::catalogue()?;
    match &args.name {
        Some(name) => show_one(&catalogue, name, args.gpus, output)?,
        None => show_fitting(&catalogue, args, output)?,
    }
    Ok(Exit::Success)
}

fn show_fitting(catalogue: &Catalogue, args: &Args, output: &Output) -> Result<(), Failure> {
    let gpus = args.gpus.unwrap_or(1);
    let required = &args.required.0;
    let candidates = args.candidates(catalogue);
    let fitting = candidates
        .iter()
        .filter(|machine| meets(machine, gpus, required));
    let runners: Vec<Runner> = fitting.map(|machine| Runner::new(machine, gpus)).collect();
    if runners.is_empty() {
        return Err(nothing_fits(args, &candidates, required));
    }
    match output.format {
        Format::Json => output.json(&runners),
        Format::Text => {
            let rows = std::iter::once(HEADS.map(str::to_owned));
            let rows: Vec<_> = rows.chain(runners.iter().map(Runner::cells)).collect();
            output.table(&rows)
        }
    }
}

fn nothing_fits(args: &Args, candidates: &[&MachineType], required: &[Required]) -> Failure {
    let gpus = args.gpus.unwrap_or(1);
    let workload = args
        .workload
        .as_ref()
        .map_or_else(String::new, |name| format!(" for {name}"));
    let with = if gpus > 1 {
        format!(" with {gpus} GPUs")
    } else {
        String::new()
    };
    let most = candidates
        .iter()
        .map(|machine| machine.max_gpus)
        .max()
        .unwrap_or(0);
    if gpus > most {
        return Failure::new(format!("no machine type{workload} takes {gpus} GPUs"))
            .help(format!("ask for at most {most}"));
    }
    let asked: Vec<String> = required.iter().map(written).collect();
    let failure = Failure::new(format!(
        "no machine type{workload}{with} meets {}",
        asked.join(" and ")
    ));
    let more = candidates.iter().filter_map(|machine| {
        Some((
            machine.name,
            requirement::with_more_gpus(machine, gpus, required)?,
        ))
    });
    match more.min_by_key(|(_, gpus)| *gpus) {
        Some((name, gpus)) => failure.help(format!("`{name}` with `--gpus {gpus}` meets it")),
        None if args.workload.is_some() => failure.help("leave out `--workload`"),
        None => failure.help(format!("ask for less: even {most} GPUs do not meet it")),
    }
}

/// A requirement as a flag of this command.
fn written((what, amount): &Required) -> String {
    let name = what.key.replace('_', "-");
    match what.unit {
        Unit::Flag => format!("`--{name}`"),
        _ => format!("`--{name} {}`", unspaced(&what.show(*amount))),
    }
}

fn show_one(
    catalogue: &Catalogue,
    name: &str,
    gpus: Option<u32>,
    output: &Output,
) -> Result<(), Failure> {
    let machine = catalogue.find(name);
    let machine = machine.ok_or_else(|| unknown_machine_type(catalogue, name))?;
    if gpus.is_some() && machine.kind() == MachineKind::Cpu {
        return Err(
            Failure::new(format!("`{name}` is a CPU type and takes no GPUs"))
                .help("leave out `--gpus`"),
        );
    }
    let runner = Runner::new(machine, gpus.unwrap_or(1));
    match output.format {
        Format::Json => output.json(&runner),
        Format::Text => output.lines(&runner.in_full()),
    }
}

const HEADS: [&str; 9] = [
    "NAME",
    "GPUS",
    "VRAM",
    "RAM",
    "CORES",
    "BANDWIDTH",
    "ENCODERS",
    "DECODERS",
    "AV1 ENCODE",
];

/// The figures of a runner of a machine type.
#[derive(Serialize)]
struct Runner {
    name: &'static str,
    gpus: u32,
    max_gpus: u32,
    vram_mb: u32,
    ram_mb: u32,
    cpus: f64,
    bandwidth_gb_s: u32,
    encoders: u32,
    decoders: u32,
    av1_encode: Option<bool>,
    suits: &'static str,
    #[serde(skip)]
    machine: MachineType,
}

impl Runner {
    fn new(one_gpu: &MachineType, gpus: u32) -> Self {
        let machine = one_gpu.with_gpus(gpus);
        Self {
            name: machine.name,
            gpus: if machine.kind() == MachineKind::Gpu {
                gpus
            } else {
                0
            },
            max_gpus: machine.max_gpus,
            vram_mb: machine.vram_mb,
            ram_mb: machine.ram_mb,
            cpus: f64::from(machine.millicores) / 1_000.0,
            bandwidth_gb_s: machine.bandwidth_gb_s,
            encoders: machine.encoders,
            decoders: machine.decoders,
            av1_encode: machine.av1_encode,
            suits: machine.suits,
            machine,
        }
    }

    fn cells(&self) -> [String; HEADS.len()] {
        let ram = SIZE.show(self.ram_mb);
        let cores = decimals(self.machine.millicores, 1_000);
        if self.machine.kind() == MachineKind::Cpu {
            let none = || "-".to_owned();
            return [
                self.name.into(),
                none(),
                none(),
                ram,
                cores,
                none(),
                none(),
                none(),
                none(),
            ];
        }
        let engines = |count: u32| {
            if count == 0 {
                "none".into()
            } else {
                count.to_string()
            }
        };
        let av1_encode = match self.av1_encode {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not listed",
        };
        [
            self.name.into(),
            self.gpus.to_string(),
            SIZE.show(self.vram_mb),
            ram,
            cores,
            BANDWIDTH.show(self.bandwidth_gb_s),
            engines(self.encoders),
            engines(self.decoders),
            av1_encode.into(),
        ]
    }

    /// Each figure on its own line, and the attribute to write in the code.
    fn in_full(&self) -> Vec<Line> {
        let mut lines: Vec<(&str, String)> = HEADS.into_iter().zip(self.cells()).collect();
        lines.retain(|(_, figure)| figure != "-");
        let mut attribute = format!("machine_type = \"{}\"", self.name);
        if self.gpus > 1 {
            attribute += &format!(", gpus = {}", self.gpus);
        }
        if self.max_gpus > 0 {
            lines.push(("MAX GPUS", self.max_gpus.to_string()));
        }
        lines.push(("SUITS", self.suits.into()));
        lines.push(("IN CODE", format!("#[machinist::app({attribute})]")));
        let lines = lines
            .iter()
            .map(|(head, figure)| Line::default().with(Look::Plain, format!("{head:<12}{figure}")));
        lines.collect()
    }
}
