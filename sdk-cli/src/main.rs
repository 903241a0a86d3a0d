//! `cargo machinist`: builds, reads the apps out of the binaries, shows what a deploy would change,
//! and deploys. The rules are in machinist-core and machinist-deploy, not here.

mod advice;
mod args;
mod build_settings;
mod cargo;
mod carry_out;
mod change_note;
mod cli;
mod command;
mod context;
mod dependency_graph;
mod destination;
mod destinations;
mod drift_report;
mod exit;
mod failure;
mod git;
mod known_states;
mod linked_apps;
mod lost_apps;
mod machines_file;
mod markdown;
mod markdown_view;
mod not_built;
mod output;
mod packages;
mod paths;
mod plan_report;
mod prepared_deploy;
mod raw_args;
mod reviewed_plan;
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
            let exit = exit.unwrap_or_else(|failure| {
                context.output.error(&failure);
                failure.exit
            });
            context.output.end(exit)
        }
        Err((error, format)) => output::arguments_error(&error, format),
    };
    exit.into()
}
