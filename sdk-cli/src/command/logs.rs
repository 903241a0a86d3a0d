//! `cargo machinist logs`.

use crate::args::deployment::DeployedState;
use crate::context::Context;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist logs llm-server
  cargo machinist logs llm-server -- --follow";

/// Show the logs of a deployed app, by the platform's own tool
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The app
    #[arg(value_name = "APP")]
    app: String,
    /// Arguments for the platform's tool, for instance `-- --follow`
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
    #[command(flatten)]
    state: DeployedState,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let destination = destinations::of_recorded_app(&args.state, &[&args.app], context)?;
    let target = destination.target_with_app(&args.app)?;
    let logs = target.logs(&args.app, &args.args)?;
    let command = logs.find(destination.limits)?;
    context.output.status("Running", &command.to_string());
    Ok(Exit::of_tool(command.hand_over()?))
}
