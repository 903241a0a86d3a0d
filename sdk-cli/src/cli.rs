//! The command line: a subcommand, and the flags that every subcommand takes.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::args::globals::{FORMAT, Format, Globals};
use crate::command::Subcommand;
use crate::exit::Exit;
use crate::raw_args::{has_switch, values_of};

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
    if is_json || has_switch(args, "--json") {
        Format::Json
    } else {
        Format::Text
    }
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
        let cli = matches.and_then(|matches| {
            let cli = Self::from_arg_matches(&matches)?;
            // clap sees no conflict between a flag before the subcommand and one after it.
            let is_given = matches.value_source(FORMAT) == Some(ValueSource::CommandLine);
            match cli.globals.json && is_given {
                true => Err(command.error(
                    ErrorKind::ArgumentConflict,
                    "the argument '--json' cannot be used with '--format <FORMAT>'",
                )),
                false => Ok(cli),
            }
        });
        cli.map_err(|error| (error, format_in(&args)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every subcommand, also those of subcommands.
    fn all_subcommands(command: &clap::Command) -> Vec<clap::Command> {
        let nested = command.get_subcommands().flat_map(|subcommand| {
            let nested = all_subcommands(subcommand);
            std::iter::once(subcommand.clone()).chain(nested)
        });
        nested.collect()
    }

    #[test]
    fn every_subcommand_has_examples_that_are_taken() {
        for subcommand in all_subcommands(&Cli::command()) {
            // A group of subcommands only leads to them.
            if subcommand.has_subcommands() {
                continue;
            }
            let name = subcommand.get_name().to_owned();
            let help = subcommand.clone().render_long_help().to_string();
            let (_, examples) = help.split_once("Examples:\n").unwrap_or_default();
            let lines: Vec<&str> = examples.lines().map(str::trim).collect();
            assert!(!lines.is_empty(), "the help of `{name}` has no example");
            let short_help = subcommand.clone().render_help().to_string();
            assert!(short_help.contains("Examples:\n"), "{name}");
            for line in lines {
                let line = line.split(" > ").next().unwrap_or_default();
                let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
                assert_eq!(words[..2], ["cargo", "machinist"], "{line}");
                let read = Cli::read(&words[1..]);
                let mut names = vec![&*name];
                names.extend(subcommand.get_all_aliases());
                let is_its = words
                    .iter()
                    .any(|word| names.iter().any(|name| word == name));
                assert!(is_its, "`{line}` is no example of `{name}`");
                if let Err((error, _)) = read {
                    panic!("{line}: {error}");
                }
            }
        }
    }

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
