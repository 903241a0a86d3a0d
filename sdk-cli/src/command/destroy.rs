//! `cargo machinist destroy`.

use std::collections::BTreeSet;

use machinist_core::problem::joined;
use machinist_deploy::{DeployStamp, Plan, Rendering, removal};

use crate::args::deployment::{Consent, Deployment};
use crate::carry_out::{DeployedApps, PendingChange};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist destroy llm-server
  cargo machinist destroy llm-server router --yes";

/// Delete deployed apps, with their tuned values and their history
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, visible_alias = "rm")]
pub(crate) struct Args {
    /// The apps to delete
    #[arg(value_name = "APP", required = true)]
    apps: Vec<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    // Each once, in the order of a plan.
    let names: BTreeSet<&str> = args.apps.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let DeployedApps {
        destination,
        target,
        deployed,
        store,
    } = DeployedApps::open(&args.deployment, &names, args.consent.dry_run, context)?;
    let (mut plan, mut there) = (Plan::default(), Plan::default());
    for name in &names {
        let app = deployed.find_known(name)?;
        let removed = removal(name, app).apps;
        // Of others only the state has something.
        if app.is_there() {
            there.apps.extend(removed.clone());
        }
        plan.apps.extend(removed);
    }
    let after = deployed.after(&plan, &DeployStamp::default());
    let rendering = match there.apps.is_empty() {
        true => Rendering::default(),
        false => target.deploy(&there, &after)?,
    };
    let change = PendingChange::new(&destination, &*target, deployed, &rendering, output);
    let quoted = names.iter().map(|name| format!("`{name}`"));
    let quoted = joined(quoted, "and");
    let question = format!("Delete {quoted} from {}?", change.place_and_build());
    if let Some(store) = change.confirm(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, store)?;
    }
    Ok(Exit::Success)
}
