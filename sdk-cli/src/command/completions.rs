//! `cargo machinist completions`.

use clap::Command;
use clap_complete::{Generator, Shell, generate};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist completions bash";

/// Print the shell's completion script for `cargo machinist`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = SETUP)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

const SETUP: &str = "\
Set up once:
  bash        add to ~/.bashrc: source <(cargo machinist completions bash)
  zsh         cargo machinist completions zsh > DIR/_cargo-machinist, with DIR in $fpath
  fish        cargo machinist completions fish > ~/.config/fish/conf.d/cargo-machinist.fish
  powershell  add to $PROFILE: cargo machinist completions powershell | Out-String | iex
  elvish      add to rc.elv: eval (cargo machinist completions elvish | slurp)

In bash, zsh and fish this completes `cargo machinist` and leaves cargo's other commands as they
are. In powershell and elvish it completes `cargo-machinist`.

Examples:
  cargo machinist completions bash";

/// bash has one completion function for each command. This one wraps cargo's own.
const BASH_CARGO_WRAPPER: &str = include_str!("completions.bash");

const FISH_NAMES: &str = include_str!("completions.fish");

const ZSH_NAMES: &str = include_str!("completions.zsh");

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let cli = (context.describe_cli)();
    let script = match args.shell {
        // clap_complete's script for bash does not work for names with a `-`.
        Shell::Bash => script(args.shell, cli, "cargo_machinist") + BASH_CARGO_WRAPPER,
        // fish adds these completions to those that it has for `cargo`.
        Shell::Fish => script(args.shell, under_cargo(cli), "cargo") + FISH_NAMES,
        Shell::Zsh => with_names_in_zsh(&script(args.shell, cli, "cargo-machinist")),
        shell => script(shell, cli, "cargo-machinist"),
    };
    context.output.data(&script)?;
    Ok(Exit::Success)
}

/// zsh's completion of cargo calls the script's function, `_cargo-machinist`. Wherever that would
/// complete any word, names are asked for.
fn with_names_in_zsh(script: &str) -> String {
    let (head, rest) = script.split_once('\n').unwrap_or((script, ""));
    let rest = rest.replace(":_default'", ":_cargo_machinist_names'");
    format!("{head}\n{ZSH_NAMES}{rest}")
}

fn under_cargo(cli: Command) -> Command {
    Command::new("cargo")
        .disable_help_subcommand(true)
        .subcommand(cli.name("machinist"))
}

fn script(generator: impl Generator, mut command: Command, name: &str) -> String {
    let mut script = Vec::new();
    generate(generator, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
