//! The command line: a subcommand, and the flags that every subcommand takes.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::args::globals::{Format, Globals};
use crate::command::Subcommand;
use crate::exit::Exit;
use crate::raw_args::values_of;

/// Deploys your apps to the machines that their code names
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
    pub(crate) subcommand: Subcommand,
    #[command(flatten)]
    pub(crate) globals: Globals,
}

/// The format that arguments ask for, whatever is wrong with them.
fn format_in(args: &[OsString]) -> Format {
    let is_json = values_of(args, "--format").contains(&"json".to_owned());
    if is_json { Format::Json } else { Format::Text }
}

impl Cli {
    /// Reads the arguments. cargo repeats the subcommand's name as the first one.
    ///
    /// # Errors
    ///
    /// The arguments are wrong, or ask for help or the version; with the format that they ask for.
    pub(crate) fn read(args: &[OsString]) -> Result<Self, (clap::Error, Format)> {
        let mut args = args.to_vec();
        if args.get(1).is_some_and(|arg| arg == "machinist") {
            args.remove(1);
        }
        // Not in the attribute above, because completion scripts are made for `cargo-machinist`.
        let mut command = Self::command().bin_name("cargo machinist");
        let matches = command.try_get_matches_from_mut(&args);
        let cli = matches.and_then(|matches| Self::from_arg_matches(&matches));
        cli.map_err(|error| (error, format_in(&args)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// clap would take one for the other, and panic when it is read.
    #[test]
    fn no_argument_of_a_subcommand_is_named_like_a_global_flag() {
        let command = Cli::command();
        let globals: Vec<_> = command.get_arguments().map(clap::Arg::get_id).collect();
        assert!(!globals.is_empty());
        for subcommand in command.get_subcommands() {
            for argument in subcommand.get_arguments().map(clap::Arg::get_id) {
                let name = subcommand.get_name();
                assert!(!globals.contains(&argument), "{name}: {argument}");
            }
        }
    }
}
