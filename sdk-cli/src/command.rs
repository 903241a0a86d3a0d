//! One module a subcommand.

pub(crate) mod completions;
pub(crate) mod machines;
pub(crate) mod manifest;
pub(crate) mod schema;
