//! Arguments that several subcommands share. What one subcommand takes alone stands in its file.

pub(crate) mod deployment;
pub(crate) mod globals;
pub(crate) mod selection;
pub(crate) mod source;
