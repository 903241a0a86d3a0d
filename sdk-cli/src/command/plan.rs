//! `cargo machinist plan`.

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::carry_out::read_state;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepared_deploy::{PreparedDeploy, RenderedApps, read_apps};

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist plan
  cargo machinist plan llm-server --target knative
  cargo machinist plan --detailed-exitcode --format json";

/// Build, and show what a deploy would change
///
/// Machine types always come from the code. Tuned values are kept. Apps are deleted only with
/// `--prune`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Exit with 2 if there are changes, and with 0 if there are none
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    plan_options: PlanOptions,
    #[command(flatten)]
    source: AppSource,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let (apps, destination) = read_apps(&args.source, &args.plan_options, context)?;
    let state = read_state(&destination)?;
    let options = &args.plan_options;
    let rendered = RenderedApps::Changed;
    let deploy = PreparedDeploy::new(&destination, &apps, options, rendered, &state, output)?;
    deploy.report().print(output)?;
    let is_changed = args.detailed_exitcode && deploy.plan.changes_something();
    match deploy.refusal {
        Some(refusal) => Err(refusal),
        None if is_changed => Ok(Exit::Changes),
        None => Ok(Exit::Success),
    }
}
