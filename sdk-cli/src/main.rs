//! `cargo machinist`: builds, reads what machine each app runs on out of the binaries, shows what
//! a deploy would change, and deploys. No rule lives here: they stand in machinist-core and
//! machinist-deploy.

mod args;
mod cargo;
mod carry_out;
mod command;
mod exit;
mod failure;
mod graph;
mod lost;
mod machines_file;
mod output;
mod planned;
mod shown;
mod site;
mod source;
mod view;
mod workspace;

use std::process::ExitCode;

use args::{Cli, Command};
use exit::Exit;
use failure::Failure;
use output::Output;

fn main() -> ExitCode {
    let exit = match Cli::read() {
        Ok(cli) => run(&cli, &Output::new(&cli.globals)),
        Err(error) => output::about_arguments(&error),
    };
    let exit = exit.unwrap_or_else(|failure| {
        output::error(&failure);
        failure.exit
    });
    exit.into()
}

fn run(cli: &Cli, output: &Output) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Manifest(args) => command::manifest::run(args, &cli.globals, output),
        Command::Plan(args) => command::plan::run(args, &cli.globals, output),
        Command::Deploy(args) => command::deploy::run(args, &cli.globals, output),
        Command::Scale(args) => command::scale::run(args, output),
        Command::Apps(args) => command::apps::run(args, output),
        Command::Rollback(args) => command::rollback::run(args, output),
        Command::Render(args) => command::render::run(args, &cli.globals, output),
        Command::Machines(args) => command::machines::run(args, output),
        Command::Schema => command::schema::run(output),
        Command::Completions(args) => command::completions::run(args, output),
    }
}
