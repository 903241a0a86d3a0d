//! `cargo machinist machines`: the catalogue, and which machine to choose.

use clap::Args;
use clap::builder::PossibleValuesParser;
use machinist_core::catalogue::{self, MACHINE_TYPES, MAX_GPUS, WORKLOADS};
use machinist_core::problem::unknown_machine_type;
use machinist_core::requirement::{self, Required, Unit, meets};
use machinist_core::unit::{BANDWIDTH, Quantity, SIZE, decimals, scale};
use machinist_core::{MachineKind, MachineType};
use serde::Serialize;

use crate::args::Format;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Print the machine types, or those that fit, the smallest first
///
/// Figures are those of one runner. 1 GB = 1000 MB.
#[derive(Debug, Args)]
pub(crate) struct Machines {
    /// Show this machine type in full
    name: Option<String>,
    /// GPUs of a runner; 1 if it is not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_GPUS as i64))]
    gpus: Option<u32>,
    /// What the platform recommends for this work, the first choice first
    #[arg(long, conflicts_with = "name", value_parser = workloads(), help_heading = REQUIRES)]
    workload: Option<String>,
    /// Video memory over all GPUs, such as 60GB
    #[arg(long, conflicts_with = "name", value_name = "SIZE", value_parser = size, help_heading = REQUIRES)]
    vram: Option<u32>,
    /// Video memory of each GPU
    #[arg(long, conflicts_with = "name", value_name = "SIZE", value_parser = size, help_heading = REQUIRES)]
    vram_per_gpu: Option<u32>,
    /// Main memory
    #[arg(long, conflicts_with = "name", value_name = "SIZE", value_parser = size, help_heading = REQUIRES)]
    ram: Option<u32>,
    /// CPU cores, such as 0.5
    #[arg(long, conflicts_with = "name", value_name = "N", value_parser = cores, help_heading = REQUIRES)]
    cpus: Option<u32>,
    /// Memory bandwidth of each GPU, such as 3TB/s
    #[arg(long, conflicts_with = "name", value_name = "BANDWIDTH", value_parser = bandwidth, help_heading = REQUIRES)]
    bandwidth: Option<u32>,
    /// Hardware video encoders (NVENC)
    #[arg(long, conflicts_with = "name", value_name = "N", help_heading = REQUIRES)]
    encoders: Option<u32>,
    /// Hardware video decoders (NVDEC)
    #[arg(long, conflicts_with = "name", value_name = "N", help_heading = REQUIRES)]
    decoders: Option<u32>,
    /// Hardware video encoders that write AV1
    #[arg(long, conflicts_with = "name", help_heading = REQUIRES)]
    av1_encode: bool,
}

const REQUIRES: &str = "What it must have";

fn workloads() -> PossibleValuesParser {
    PossibleValuesParser::new(WORKLOADS.iter().map(|workload| workload.name))
}

fn size(text: &str) -> Result<u32, String> {
    quantity(&SIZE, text)
}

fn bandwidth(text: &str) -> Result<u32, String> {
    quantity(&BANDWIDTH, text)
}

fn quantity(quantity: &Quantity, text: &str) -> Result<u32, String> {
    quantity.read(text).map_err(|instead| {
        let example = instead.unwrap_or_else(|| quantity.example.into());
        format!("write {} like `{}`", quantity.what, unspaced(&example))
    })
}

/// As a shell takes it without quotes.
fn unspaced(amount: &str) -> String {
    amount.replace(' ', "")
}

fn cores(text: &str) -> Result<u32, String> {
    scale(text, 1_000).ok_or_else(|| "write a number of cores like `4` or `0.5`".into())
}

impl Machines {
    fn required(&self) -> Vec<Required> {
        let given = [
            ("vram", self.vram),
            ("vram_per_gpu", self.vram_per_gpu),
            ("ram", self.ram),
            ("cpus", self.cpus),
            ("bandwidth", self.bandwidth),
            ("encoders", self.encoders),
            ("decoders", self.decoders),
            ("av1_encode", self.av1_encode.then_some(1)),
        ];
        let required = given
            .into_iter()
            .filter_map(|(key, amount)| Some((requirement::find(key)?, amount?)));
        required.collect()
    }

    /// The machine types to choose from, in the order to show them.
    fn candidates(&self) -> Vec<&'static MachineType> {
        let workload = self.workload.as_ref();
        let workload = workload.and_then(|name| WORKLOADS.iter().find(|w| w.name == name));
        let all = workload.map_or(MACHINE_TYPES, |workload| workload.machine_types);
        // Who asks for a number of GPUs does not want a machine without.
        let kind =
            |machine: &&MachineType| self.gpus.is_none() || machine.kind() == MachineKind::Gpu;
        all.iter().filter(kind).collect()
    }
}

pub(crate) fn run(args: &Machines, output: &Output) -> Result<Exit, Failure> {
    match &args.name {
        Some(name) => show_one(name, args.gpus, output)?,
        None => show_fitting(args, output)?,
    }
    Ok(Exit::Success)
}

fn show_fitting(args: &Machines, output: &Output) -> Result<(), Failure> {
    let gpus = args.gpus.unwrap_or(1);
    let required = args.required();
    let candidates = args.candidates();
    let fitting = candidates
        .iter()
        .filter(|machine| meets(machine, gpus, &required));
    let runners: Vec<Runner> = fitting.map(|machine| Runner::new(machine, gpus)).collect();
    if runners.is_empty() {
        return Err(nothing_fits(args, &candidates, &required));
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

fn nothing_fits(args: &Machines, candidates: &[&MachineType], required: &[Required]) -> Failure {
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
    let asked: Vec<String> = required.iter().map(flag).collect();
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
        Some((name, gpus)) => failure.help(format!("`{name}` does with `--gpus {gpus}`")),
        None if args.workload.is_some() => failure.help("leave out `--workload`"),
        None => failure.help(format!("ask for less: not even {MAX_GPUS} GPUs meet it")),
    }
}

/// A requirement as it is given to this command.
fn flag((what, amount): &Required) -> String {
    let name = what.key.replace('_', "-");
    match what.unit {
        Unit::Flag => format!("`--{name}`"),
        _ => format!("`--{name} {}`", unspaced(&what.show(*amount))),
    }
}

fn show_one(name: &str, gpus: Option<u32>, output: &Output) -> Result<(), Failure> {
    let machine = catalogue::find(name).ok_or_else(|| unknown_machine_type(name))?;
    if gpus.is_some() && machine.kind() == MachineKind::Cpu {
        return Err(
            Failure::new(format!("`{name}` is a CPU type and takes no GPUs"))
                .help("leave out `--gpus`"),
        );
    }
    let runner = Runner::new(machine, gpus.unwrap_or(1));
    match output.format {
        Format::Json => output.json(&runner),
        Format::Text => output.data(&runner.in_full()),
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

/// A runner of a machine type, as it is shown.
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

    /// Every figure on a line of its own, and what to write in the code.
    fn in_full(&self) -> String {
        let mut lines: Vec<(&str, String)> = HEADS.into_iter().zip(self.cells()).collect();
        lines.retain(|(_, figure)| figure != "-");
        let mut attribute = format!("machine_type = \"{}\"", self.name);
        if self.gpus > 1 {
            attribute += &format!(", gpus = {}", self.gpus);
        }
        if self.max_gpus > 0 {
            lines.push(("MOST GPUS", self.max_gpus.to_string()));
        }
        lines.push(("SUITS", self.suits.into()));
        lines.push(("IN CODE", format!("#[machinist::app({attribute})]")));
        let lines = lines
            .iter()
            .map(|(head, figure)| format!("{head:<12}{figure}\n"));
        lines.collect()
    }
}
