//! One module a subcommand.

pub(crate) mod apps;
pub(crate) mod completions;
pub(crate) mod deploy;
pub(crate) mod machines;
pub(crate) mod manifest;
pub(crate) mod plan;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod scale;
pub(crate) mod schema;
