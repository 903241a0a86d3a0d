//! `cargo machinist mv`.

use serde_json::json;

use crate::args::deployment::DeployedState;
use crate::carry_out::{change_note, keep_state, lock_state, open_store};
use crate::context::Context;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist mv llm-server chat-server";

/// Carry the tuned values and the history of an app over to its new name
///
/// Nothing is deployed or deleted: the next deploy creates the app under its new name, with the
/// tuned values. The old app runs until `deploy --prune` or `destroy` deletes it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The name under which it is deployed
    #[arg(value_name = "OLD")]
    old: String,
    /// The name that the code gives it now
    #[arg(value_name = "NEW")]
    new: String,
    #[command(flatten)]
    state: DeployedState,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let destination = destinations::of_recorded_app(&args.state, &[&args.old], context)?;
    let mut store = open_store(&destination)?;
    let note = change_note(format!("mv {} {}", args.old, args.new), &destination);
    lock_state(&mut store, &note, &context.output)?;
    let state = store.state();
    let target = destination.target_for_deployed_apps(&state)?;
    let deployed = state.deployed_to(target.name());
    let mut deployed = destination.at_place(&*target, deployed)?;
    deployed.rename(&args.old, &args.new)?;
    store.save(&state.with(target.name(), deployed))?;
    keep_state(&store, &destination);
    let serial = store.state().serial;
    let output = &context.output;
    output.document(&json!({"old": args.old, "new": args.new, "serial": serial}))?;
    output.status(
        "Renamed",
        &format!(
            "`{}` to `{}`: deploy, and it starts with the tuned values",
            args.old, args.new
        ),
    );
    Ok(Exit::Success)
}
