//! `cargo machinist`: builds, reads the apps out of the binaries, shows what a deploy would change,
//! and deploys. The rules are in machinist-core and machinist-deploy, not here.

mod advice;
mod args;
mod cargo;
mod carry_out;
mod cli;
mod command;
mod context;
mod dependency_graph;
mod destination;
mod exit;
mod failure;
mod git;
mod known_states;
mod layout;
mod linked_apps;
mod lost_apps;
mod machines_file;
mod not_built;
mod output;
mod paths;
mod plan_report;
mod prepared_deploy;
mod raw_args;
mod text_view;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;

use advice::DeploymentFlags;
use cli::Cli;
use context::Context;
use output::Output;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let exit = match Cli::read(&args) {
        Ok(Cli {
            subcommand,
            globals,
        }) => {
            let context = Context {
                output: Output::new(&globals, DeploymentFlags::of(&args, Cli::command)),
                globals,
                describe_cli: Cli::command,
            };
            let exit = subcommand.run(&context);
            exit.unwrap_or_else(|failure| {
                context.output.error(&failure);
                failure.exit
            })
        }
        Err((error, format)) => output::arguments_error(&error, format),
    };
    exit.into()
}
