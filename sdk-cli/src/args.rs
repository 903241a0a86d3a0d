//! What the command takes.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::command::machines;
use crate::exit::Exit;

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
    pub(crate) fn read() -> Self {
        let mut args: Vec<OsString> = std::env::args_os().collect();
        if args.get(1).is_some_and(|arg| arg == "machinist") {
            args.remove(1);
        }
        // Not in the attribute above: completions are of another name.
        let mut command = Self::command().bin_name("cargo machinist");
        command
            .try_get_matches_from_mut(args)
            .and_then(|matches| Self::from_arg_matches(&matches))
            .unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Manifest(Box<Manifest>),
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
        let mut words = vec![OsString::from("cargo machinist manifest")];
        words.extend(self.selection.build_flags().iter().map(|flag| quoted(flag)));
        if !self.binary.is_empty() {
            words.push("--binary".into());
            words.extend(self.binary.iter().map(|file| quoted(file.as_os_str())));
        }
        words.push("-o".into());
        words.push(quoted(file.as_os_str()));
        words.join(OsStr::new(" ")).to_string_lossy().into_owned()
    }
}

/// A word as a shell takes it.
fn quoted(word: &OsStr) -> OsString {
    let text = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "-_=./:@,+%\\".contains(c);
    if text.chars().all(is_plain) && !text.is_empty() {
        return word.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

/// cargo's own flags: what to build and how.
#[derive(Debug, Args)]
#[group(multiple = true)]
pub(crate) struct Selection {
    /// Build this package
    #[arg(short, long, value_name = "SPEC", help_heading = PACKAGES)]
    pub(crate) package: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, alias = "all", help_heading = PACKAGES)]
    pub(crate) workspace: bool,
    /// All packages of the workspace but this
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = PACKAGES)]
    pub(crate) exclude: Vec<String>,

    /// Build the library, where it is a cdylib
    #[arg(long, help_heading = TARGETS)]
    pub(crate) lib: bool,
    /// Build this binary
    #[arg(long, value_name = "NAME", help_heading = TARGETS)]
    pub(crate) bin: Vec<String>,
    /// Build all binaries
    #[arg(long, help_heading = TARGETS)]
    pub(crate) bins: bool,
    /// Build this example
    #[arg(long, value_name = "NAME", help_heading = TARGETS)]
    pub(crate) example: Vec<String>,
    /// Build all examples
    #[arg(long, help_heading = TARGETS)]
    pub(crate) examples: bool,

    /// Build with optimizations
    #[arg(short, long, help_heading = COMPILATION)]
    release: bool,
    /// Build with this profile
    #[arg(long, value_name = "PROFILE", help_heading = COMPILATION)]
    profile: Option<String>,
    /// Activate these features, separated by commas or spaces
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = COMPILATION)]
    features: Vec<String>,
    /// Activate all features
    #[arg(long, help_heading = COMPILATION)]
    all_features: bool,
    /// Leave out the default feature
    #[arg(long, help_heading = COMPILATION)]
    no_default_features: bool,
    /// Build for this target triple
    #[arg(long, value_name = "TRIPLE", help_heading = COMPILATION)]
    target: Vec<String>,
    /// Put what is built here
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, help_heading = COMPILATION)]
    target_dir: Option<PathBuf>,
    /// Run this many jobs at once
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = COMPILATION)]
    jobs: Option<String>,

    /// The Cargo.toml to build
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MANIFEST)]
    manifest_path: Option<PathBuf>,
    /// Keep Cargo.lock as it is
    #[arg(long, help_heading = MANIFEST)]
    locked: bool,
    /// Use no network
    #[arg(long, help_heading = MANIFEST)]
    offline: bool,
    /// Both of --locked and --offline
    #[arg(long, help_heading = MANIFEST)]
    frozen: bool,
}

const PACKAGES: &str = "Package selection";
const TARGETS: &str = "Target selection";
const COMPILATION: &str = "Compilation";
const MANIFEST: &str = "Cargo.toml and Cargo.lock";

impl Selection {
    /// The flags of `cargo build`.
    pub(crate) fn build_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        flags.list("--package", &self.package);
        flags.switch("--workspace", self.workspace);
        flags.list("--exclude", &self.exclude);
        flags.switch("--lib", self.lib);
        flags.list("--bin", &self.bin);
        flags.switch("--bins", self.bins);
        flags.list("--example", &self.example);
        flags.switch("--examples", self.examples);
        flags.switch("--release", self.release);
        flags.list("--profile", &self.profile);
        flags.list("--target", &self.target);
        flags.list("--target-dir", &self.target_dir);
        flags.list("--jobs", &self.jobs);
        self.common(&mut flags);
        flags.0
    }

    /// The flags of `cargo metadata`.
    pub(crate) fn metadata_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        self.common(&mut flags);
        flags.0
    }

    fn common(&self, flags: &mut Flags) {
        flags.list("--features", &self.features);
        flags.switch("--all-features", self.all_features);
        flags.switch("--no-default-features", self.no_default_features);
        flags.list("--manifest-path", &self.manifest_path);
        flags.switch("--locked", self.locked);
        flags.switch("--offline", self.offline);
        flags.switch("--frozen", self.frozen);
    }

    /// Whether a package's library is built for itself, not only as a dependency.
    pub(crate) fn selects_libraries(&self) -> bool {
        let others = self.bins || self.examples || !self.bin.is_empty() || !self.example.is_empty();
        self.lib || !others
    }
}

#[derive(Default)]
struct Flags(Vec<OsString>);

impl Flags {
    fn switch(&mut self, name: &str, on: bool) {
        if on {
            self.0.push(name.into());
        }
    }

    /// `name=value`, so that a value may begin with `-`.
    fn list(&mut self, name: &str, values: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        for value in values {
            let mut flag = OsString::from(format!("{name}="));
            flag.push(value);
            self.0.push(flag);
        }
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
