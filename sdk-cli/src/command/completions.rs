//! `cargo machinist completions`.

use clap::{Command, CommandFactory};
use clap_complete::{Generator, Shell, generate};

use crate::args::{Cli, Completions};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// bash has one completion function a command: cargo's own is loaded, and asked for the rest.
const BASH: &str = include_str!("completions.bash");

pub(crate) fn run(args: &Completions, output: &Output) -> Result<Exit, Failure> {
    let script = match args.shell {
        // clap_complete's script for bash does not find its own names with a `-` in them.
        Shell::Bash => script(args.shell, Cli::command(), "cargo_machinist") + BASH,
        // fish adds to what it knows of `cargo`.
        Shell::Fish => script(args.shell, under_cargo(), "cargo"),
        // zsh's completion of cargo calls `_cargo-machinist`, as this script's function is named.
        shell => script(shell, Cli::command(), "cargo-machinist"),
    };
    output.data(&script)?;
    Ok(Exit::Success)
}

fn under_cargo() -> Command {
    Command::new("cargo")
        .disable_help_subcommand(true)
        .subcommand(Cli::command().name("machinist"))
}

fn script(generator: impl Generator, mut command: Command, name: &str) -> String {
    let mut script = Vec::new();
    generate(generator, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
