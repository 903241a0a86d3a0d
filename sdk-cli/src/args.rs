//! What the command takes.

mod selection;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use machinist_deploy::{TARGETS, shell_word};

use crate::command::machines;
use crate::exit::Exit;

use selection::MANIFEST;
pub(crate) use selection::Selection;

/// The machine each app runs on, read out of your binaries
#[derive(Debug, Parser)]
#[command(
    name = "cargo-machinist",
    version,
    after_help = Exit::help(),
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) globals: Globals,
}

impl Cli {
    /// Reads the arguments. cargo repeats the subcommand's name as the first one.
    ///
    /// # Errors
    ///
    /// What is wrong with them, or what was asked about them.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let mut args: Vec<OsString> = std::env::args_os().collect();
        if args.get(1).is_some_and(|arg| arg == "machinist") {
            args.remove(1);
        }
        // Not in the attribute above: completions are of another name.
        let mut command = Self::command().bin_name("cargo machinist");
        command
            .try_get_matches_from_mut(args)
            .and_then(|matches| Self::from_arg_matches(&matches))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Manifest(Box<Manifest>),
    Plan(Box<Plan>),
    Deploy(Box<Deploy>),
    Scale(Scale),
    Apps(Apps),
    Rollback(Rollback),
    Render(Box<Render>),
    Machines(machines::Machines),
    /// Print the JSON Schema of the manifest
    Schema,
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// How data is printed; manifests and schemas are JSON in either
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
    /// When to use colors [default: auto]
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<ColorWhen>,
    /// Print less: data, warnings and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more; -vv shows cargo's very verbose output
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// Build, and print the manifest that the binaries carry
///
/// Without a selection the packages are those that `cargo build` builds in this folder. Binaries
/// are read, never run.
#[derive(Debug, Args)]
pub(crate) struct Manifest {
    /// Write the manifest to this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Compare the manifest with this file, and exit with 3 if they differ
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "output")]
    pub(crate) check: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: Source,
}

/// Build, and show what a deploy would change
///
/// The code's machine types win, what was tuned on the running app stays, and nothing is deleted
/// without `--prune`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Exit with 2 if there are changes, and with 0 if there are none
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    #[command(flatten)]
    pub(crate) change: Change,
    #[command(flatten)]
    pub(crate) source: Source,
}

/// Build, show what a deploy changes, and deploy
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// Deploy apps too of which nothing changed, neither a parameter nor the binary
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) change: Change,
    #[command(flatten)]
    pub(crate) source: Source,
}

/// Build, and write the files that a deploy would give to the platform's tool
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Write the files into this folder
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) change: Change,
    #[command(flatten)]
    pub(crate) source: Source,
}

/// Tune a running app: scaling parameters that stay through every deploy
///
/// The rules are those of the attribute. Code parameters cannot be tuned: they come from the code.
/// `deploy --reset-scaling APP` brings the code's values back.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// The app
    #[arg(value_name = "APP")]
    pub(crate) app: String,
    /// What to set, for instance `keep_alive=10m` or `regions=us-west,eu-north`
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) values: Vec<(String, String)>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Show what is deployed, what is tuned and what was changed behind the code's back
#[derive(Debug, Args)]
pub(crate) struct Apps {
    /// Show this app in full, with its last deploys
    #[arg(value_name = "APP")]
    pub(crate) app: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Bring an earlier deploy of an app back, with its scaling
///
/// The next deploy puts the code's values back.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The app
    #[arg(value_name = "APP")]
    pub(crate) app: String,
    /// The serial of the deploy, as `apps APP` shows it; without it the one before the last
    #[arg(long, value_name = "SERIAL")]
    pub(crate) to: Option<u64>,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Whether a change is really to be carried out.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Show the files and commands, and do nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

/// What a deploy may change.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// Drop what was tuned, of this app or of all
    #[arg(long, value_name = "APP", num_args = 0..=1, default_missing_value = "", help_heading = DEPLOYMENT)]
    pub(crate) reset_scaling: Vec<String>,
    /// Delete apps that are gone from the code
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) prune: bool,
    /// Fail where the platform cannot express what the code says
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) state: StateFile,
}

/// What is known of what is deployed.
#[derive(Debug, Args)]
pub(crate) struct StateFile {
    /// The state's file [default: machinist-state.json in the workspace]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = DEPLOYMENT)]
    pub(crate) state: Option<PathBuf>,
    /// What the platform has, as its tool said it into this file, instead of asking it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_refresh", help_heading = DEPLOYMENT)]
    pub(crate) live: Option<PathBuf>,
    /// Do not ask the platform what it has; the state alone says so
    #[arg(long, help_heading = DEPLOYMENT)]
    pub(crate) no_refresh: bool,
}

/// Where apps are deployed, for commands that build nothing.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The target [default: that of the settings, or file]
    #[arg(long, value_name = "TARGET", value_parser = PossibleValuesParser::new(TARGETS), help_heading = DEPLOYMENT)]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) state: StateFile,
    /// The Cargo.toml with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MANIFEST)]
    pub(crate) manifest_path: Option<PathBuf>,
}

const DEPLOYMENT: &str = "Deployment";

fn key_value(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((key, value)) => Ok((key.trim().into(), value.trim().into())),
        None => Err("write a key and a value like `keep_alive=10m`".into()),
    }
}

/// What apps there are: those of a build, or of binaries built elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// Read these binaries instead of building; of any platform
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        num_args = 1..
    )]
    pub(crate) binary: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

impl Manifest {
    /// The command line that writes the same manifest to a file.
    pub(crate) fn writing_to(&self, file: &Path) -> String {
        let mut words = vec!["cargo machinist manifest".to_owned()];
        let quoted = |word: &OsStr| shell_word(&word.to_string_lossy());
        let Source { binary, selection } = &self.source;
        words.extend(selection.build_flags().iter().map(|flag| quoted(flag)));
        if !binary.is_empty() {
            words.push("--binary".into());
            words.extend(binary.iter().map(|file| quoted(file.as_os_str())));
        }
        words.push("-o".into());
        words.push(quoted(file.as_os_str()));
        words.join(" ")
    }
}

/// Print the shell's completion script for `cargo machinist`
#[derive(Debug, Args)]
#[command(after_long_help = SETUP)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

const SETUP: &str = "\
Set up once:
  bash        add to ~/.bashrc: source <(cargo machinist completions bash)
  zsh         cargo machinist completions zsh > DIR/_cargo-machinist, with DIR in $fpath
  fish        cargo machinist completions fish > ~/.config/fish/conf.d/cargo-machinist.fish
  powershell  add to $PROFILE: cargo machinist completions powershell | Out-String | iex
  elvish      add to rc.elv: eval (cargo machinist completions elvish | slurp)

In bash, zsh and fish `cargo machinist` is completed, and cargo's other commands stay as they are;
in powershell and elvish `cargo-machinist` is.";
