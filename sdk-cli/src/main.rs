//! `cargo machinist`: builds, reads what machine each app runs on out of the binaries, shows what
//! a deploy would change, and deploys. No rule lives here: they stand in machinist-core and
//! machinist-deploy.

mod args;
mod cargo;
mod carry_out;
mod cli;
mod command;
mod context;
mod exit;
mod failure;
mod graph;
mod lost;
mod machines_file;
mod output;
mod paths;
mod planned;
mod shown;
mod site;
mod source;
mod view;
mod workspace;

use std::process::ExitCode;

use clap::CommandFactory;

use cli::Cli;
use context::Context;
use output::Output;

fn main() -> ExitCode {
    let exit = match Cli::read() {
        Ok(Cli {
            subcommand,
            globals,
        }) => subcommand.run(&Context {
            output: Output::new(&globals),
            globals,
            describe_cli: Cli::command,
        }),
        Err(error) => output::about_arguments(&error),
    };
    let exit = exit.unwrap_or_else(|failure| {
        output::error(&failure);
        failure.exit
    });
    exit.into()
}
