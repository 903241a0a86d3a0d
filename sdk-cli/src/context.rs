//! What every subcommand gets besides its own arguments.

use crate::args::globals::Globals;
use crate::output::Output;

/// What every subcommand gets besides its own arguments.
pub(crate) struct Context {
    /// The flags that every subcommand takes.
    pub(crate) globals: Globals,
    /// Where and how to print.
    pub(crate) output: Output,
    /// Describes all of the command line, which completion scripts are made from.
    pub(crate) describe_cli: fn() -> clap::Command,
}
