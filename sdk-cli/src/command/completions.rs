//! `cargo machinist completions`.

use clap::Command;
use clap_complete::{Generator, Shell, generate};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Print the shell's completion script for `cargo machinist`
#[derive(Debug, clap::Args)]
#[command(after_long_help = SETUP)]
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

In bash, zsh and fish `cargo machinist` is completed, and cargo's other commands stay as they are;
in powershell and elvish `cargo-machinist` is.";

/// bash has one completion function a command: cargo's own is loaded, and asked for the rest.
const BASH: &str = include_str!("completions.bash");

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let cli = (context.describe_cli)();
    let script = match args.shell {
        // clap_complete's script for bash does not find its own names with a `-` in them.
        Shell::Bash => script(args.shell, cli, "cargo_machinist") + BASH,
        // fish adds to what it knows of `cargo`.
        Shell::Fish => script(args.shell, under_cargo(cli), "cargo"),
        // zsh's completion of cargo calls `_cargo-machinist`, as this script's function is named.
        shell => script(shell, cli, "cargo-machinist"),
    };
    context.output.data(&script)?;
    Ok(Exit::Success)
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
