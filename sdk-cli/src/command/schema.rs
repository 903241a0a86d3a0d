//! `cargo machinist schema`.

use machinist_deploy::manifest_schema;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist schema > manifest.schema.json";

/// Print the JSON Schema of the manifest
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    context.output.json(&manifest_schema())?;
    Ok(Exit::Success)
}
