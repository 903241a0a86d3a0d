//! `cargo machinist destroy`.

use machinist_deploy::{DeployStamp, Rendering, removal};

use crate::args::deployment::{Consent, Deployment};
use crate::carry_out::{DeployedApps, PendingChange};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Delete a deployed app, with its tuned values and its history
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The app to delete
    #[arg(value_name = "APP")]
    app: String,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let DeployedApps {
        destination,
        target,
        deployed,
        store,
    } = DeployedApps::open(&args.deployment, &args.app, args.consent.dry_run, context)?;
    let app = deployed.find_known(&args.app)?;
    let plan = removal(&args.app, app);
    let after = deployed.after(&plan, &DeployStamp::default());
    let rendering = match app.is_there() {
        true => target.deploy(&plan, &after)?,
        // Only the state has something of it.
        false => Rendering::default(),
    };
    let change = PendingChange::new(&destination, &*target, deployed, &rendering, output);
    let question = format!("Delete `{}` from {}?", args.app, change.place_and_build());
    if let Some(mut store) = change.confirm(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, &mut store)?;
    }
    Ok(Exit::Success)
}
