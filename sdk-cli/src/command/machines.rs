//! `cargo machinist machines`: shows the catalogue, and chooses machines that meet requirements.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use machinist_core::attribute::Value;
use machinist_core::built_in::WORKLOADS;
use machinist_core::catalogue::Catalogue;
use machinist_core::figure::{FIGURES, Figure, Figures, Visibility};
use machinist_core::fitting::{meets, with_more_gpus};
use machinist_core::machine_types::unknown_machine_type;
use machinist_core::parameter::GPU_LIMIT;
use machinist_core::requirement::{REQUIREMENTS, Required, Requirement};
use machinist_core::unit::Unit;
use machinist_core::{MachineKind, MachineType};
use serde_json::Map;

use crate::args::globals::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::machines_file;
use crate::output::{Line, Look, Output};

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist machines
  cargo machinist machines --vram 120GB --gpus 2";

/// Print the machine types, or those that meet the requirements, smallest first
///
/// All figures are per runner. 1 GB = 1000 MB.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Show this machine type in full
    name: Option<String>,
    /// GPUs of a runner [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=GPU_LIMIT as i64))]
    gpus: Option<u32>,
    /// Only machine types that the platform recommends for this work, the best first
    #[arg(long, conflicts_with = "name", value_parser = workloads(), help_heading = REQUIRES)]
    workload: Option<String>,
    /// Show the smallest first, or the one with the least of this figure
    #[arg(long, value_name = "FIGURE", conflicts_with = "name", value_parser = sort_keys())]
    sort: Option<String>,
    #[command(flatten)]
    required: Requirements,
}

const REQUIRES: &str = "Requirements";

fn workloads() -> PossibleValuesParser {
    PossibleValuesParser::new(WORKLOADS.iter().map(|workload| workload.name))
}

/// By size, as without `--sort`.
const SIZE: &str = "size";

fn sort_keys() -> PossibleValuesParser {
    let figures = FIGURES.iter().map(|figure| figure.key);
    PossibleValuesParser::new([SIZE].into_iter().chain(figures))
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
        let amount = |what: &Requirement| match what.unit() {
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
    let value = match what.unit() {
        Unit::Flag => return flag.action(ArgAction::SetTrue),
        Unit::Quantity(quantity) => quantity.what.trim_start_matches("a ").to_uppercase(),
        Unit::Words(words) => words.what.to_uppercase(),
        Unit::Decimal { .. } | Unit::Count | Unit::Gpus => "N".into(),
    };
    flag.value_name(value)
        .value_parser(move |text: &str| read_amount(what, text))
}

/// An amount by the rules of the attribute; a shell knows only texts.
fn read_amount(what: &Requirement, text: &str) -> Result<u32, String> {
    let value = match what.unit() {
        Unit::Quantity(_) | Unit::Flag => Value::Text(text.into()),
        Unit::Words(_) => Value::list_without_quotes(text),
        Unit::Decimal { .. } | Unit::Count | Unit::Gpus => match text.parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Number(text.into()),
        },
    };
    what.read(&value).map_err(|problem| match what.unit() {
        Unit::Quantity(quantity) => {
            let meant = quantity.read(text).err().flatten();
            let example = meant.unwrap_or_else(|| quantity.example.into());
            format!("write {} like `{}`", quantity.what, unspaced(&example))
        }
        Unit::Decimal { what, .. } => format!("write {what} like `4` or `0.5`"),
        Unit::Count | Unit::Gpus => "write a number like `1`".into(),
        Unit::Flag | Unit::Words(_) => problem.to_string(),
    })
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
            // The project may have given them other figures.
            Some(workload) => workload
                .machine_types
                .iter()
                .filter_map(|machine| catalogue.find(machine.name))
                .collect(),
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
    let mut runners: Vec<Runner> = fitting.map(|machine| Runner::new(machine, gpus)).collect();
    if let Some(key) = args.sort.as_deref().filter(|key| *key != SIZE) {
        runners.sort_by_key(|runner| {
            let amount = runner.amount(key);
            // Machine types of which nobody lists it come last.
            (amount.is_none(), amount)
        });
    }
    if runners.is_empty() {
        return Err(nothing_fits(args, &candidates, required));
    }
    match output.format {
        Format::Json => output.json(&runners.iter().map(Runner::json).collect::<Vec<_>>()),
        Format::Text | Format::Markdown => {
            let columns = columns(&runners);
            let heads = HEADS.map(str::to_owned).into_iter();
            let heads = heads.chain(columns.iter().map(|figure| figure.head.into()));
            let rows = runners.iter().map(|runner| runner.cells(&columns));
            let rows: Vec<_> = std::iter::once(heads.collect()).chain(rows).collect();
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
        .map(|machine| machine.figures.max_gpus)
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
    let more = candidates
        .iter()
        .filter_map(|machine| Some((machine.name, with_more_gpus(machine, gpus, required)?)));
    match more.min_by_key(|(_, gpus)| *gpus) {
        Some((name, gpus)) => failure.help(format!("`{name}` with `--gpus {gpus}` meets it")),
        None if args.workload.is_some() => failure.help("leave out `--workload`"),
        None => failure.help(format!("ask for less: even {most} GPUs do not meet it")),
    }
}

/// A requirement as a flag of this command.
fn written((what, amount): &Required) -> String {
    let name = what.key.replace('_', "-");
    match what.unit() {
        Unit::Flag => format!("`--{name}`"),
        unit => format!("`--{name} {}`", unspaced(&unit.show(*amount))),
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
        Format::Json => output.json(&runner.json()),
        Format::Text | Format::Markdown => output.lines(&runner.in_full()),
    }
}

/// The heads of the columns that are not figures.
const HEADS: [&str; 2] = ["NAME", "GPUS"];

/// The figures that have a column in the table of these runners.
fn columns(runners: &[Runner]) -> Vec<&'static Figure> {
    let is_shown = |figure: &&Figure| match figure.visibility {
        Visibility::Always => true,
        Visibility::WhenKnown => runners
            .iter()
            .any(|runner| figure.get(&runner.figures).is_some()),
        Visibility::InDetails => false,
    };
    FIGURES.iter().copied().filter(is_shown).collect()
}

/// A runner of a machine type.
struct Runner {
    machine: MachineType,
    /// GPUs of the runner; 0 of a CPU type.
    gpus: u32,
    /// The figures over all its GPUs.
    figures: Figures,
}

impl Runner {
    fn new(machine: &MachineType, gpus: u32) -> Self {
        Self {
            machine: *machine,
            gpus: match machine.kind() {
                MachineKind::Gpu => gpus,
                MachineKind::Cpu => 0,
            },
            figures: machine.with_gpus(gpus),
        }
    }

    fn has(&self, figure: &Figure) -> bool {
        self.gpus > 0 || !figure.presence.is_gpu_only()
    }

    /// The amount of the figure of this key; `None` where it is not listed.
    fn amount(&self, key: &str) -> Option<u32> {
        let figure = FIGURES.iter().find(|figure| figure.key == key)?;
        figure.get(&self.figures)
    }

    fn cell(&self, figure: &Figure) -> String {
        match (figure.get(&self.figures), figure.unit) {
            _ if !self.has(figure) => "-".into(),
            (None, _) => "not listed".into(),
            (Some(0), Unit::Count | Unit::Quantity(_)) => "none".into(),
            (Some(amount), unit) => unit.show(amount),
        }
    }

    fn cells(&self, columns: &[&Figure]) -> Vec<String> {
        let gpus = match self.gpus {
            0 => "-".into(),
            gpus => gpus.to_string(),
        };
        let figures = columns.iter().map(|figure| self.cell(figure));
        [self.machine.name.into(), gpus]
            .into_iter()
            .chain(figures)
            .collect()
    }

    /// Every figure by its key, `null` where it is not listed.
    fn json(&self) -> serde_json::Value {
        let mut json = Map::new();
        json.insert("name".into(), self.machine.name.into());
        json.insert("gpus".into(), self.gpus.into());
        for figure in FIGURES {
            let amount = figure.get(&self.figures);
            let value = amount.map(|amount| figure.unit.json(amount));
            // The unit writes JSON.
            let value = value.and_then(|value| serde_json::from_str(&value).ok());
            json.insert(figure.key.into(), value.unwrap_or_default());
        }
        json.insert("suits".into(), self.machine.suits.into());
        json.into()
    }

    /// Each figure on its own line, and the attribute to write in the code.
    fn in_full(&self) -> Vec<Line> {
        let mut attribute = format!("machine_type = \"{}\"", self.machine.name);
        if self.gpus > 1 {
            attribute += &format!(", gpus = {}", self.gpus);
        }
        let figures = FIGURES.iter().filter(|figure| self.has(figure));
        let mut lines: Vec<(&str, String)> = HEADS.into_iter().zip(self.cells(&[])).collect();
        lines.retain(|(_, cell)| cell != "-");
        lines.extend(figures.map(|figure| (figure.head, self.cell(figure))));
        lines.push(("SUITS", self.machine.suits.into()));
        lines.push(("IN CODE", format!("#[machinist::app({attribute})]")));
        let width = lines.iter().map(|(head, _)| head.len()).max().unwrap_or(0);
        let lines = lines.iter().map(|(head, text)| {
            Line::default().with(Look::Plain, format!("{head:<width$}  {text}"))
        });
        lines.collect()
    }
}
