//! `cargo machinist`: builds, reads what machine each app runs on out of the binaries, and prints
//! it. No rule lives here: they stand in machinist-core and machinist-deploy.

mod args;
mod cargo;
mod command;
mod exit;
mod failure;
mod graph;
mod lost;
mod output;

use std::process::ExitCode;

use args::{Cli, Command};
use exit::Exit;
use failure::Failure;
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::read();
    let output = Output::new(&cli.globals);
    let exit = run(&cli, &output).unwrap_or_else(|failure| {
        output::error(&failure);
        failure.exit
    });
    exit.into()
}

fn run(cli: &Cli, output: &Output) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Manifest(args) => command::manifest::run(args, &cli.globals, output),
        Command::Machines(args) => command::machines::run(args, output),
        Command::Schema => command::schema::run(output),
        Command::Completions(args) => command::completions::run(args, output),
    }
}
