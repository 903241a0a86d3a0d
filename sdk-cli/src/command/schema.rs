//! `cargo machinist schema`.

use machinist_deploy::{kept_plan_schema, manifest_schema};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist schema > manifest.schema.json";

/// Print the JSON Schema of a document
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The document
    #[arg(value_name = "DOCUMENT", default_value = "manifest")]
    document: Document,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Document {
    /// What `manifest` prints
    Manifest,
    /// What `plan -o` keeps
    KeptPlan,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.output.json(&match args.document {
        Document::Manifest => manifest_schema(),
        Document::KeptPlan => kept_plan_schema(),
    })?;
    Ok(Exit::Success)
}
