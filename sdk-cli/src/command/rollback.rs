//! `cargo machinist rollback`.

use std::num::NonZeroUsize;

use machinist_deploy::{DeployStamp, Plan, rollback};

use crate::args::deployment::{Consent, Deployment};
use crate::carry_out::{PendingChange, open_state, show_warnings_and_needs};
use crate::context::Context;
use crate::destination::Destination;
use crate::exit::Exit;
use crate::failure::Failure;

/// Restore an earlier deploy of an app: its code parameters and what runs it
///
/// Tuned values are kept.
/// The next deploy applies the code's values again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The app to roll back
    #[arg(value_name = "APP")]
    app: String,
    /// The serial of the deploy, as `apps APP` shows it [default: the deploy before the last]
    #[arg(long, value_name = "SERIAL")]
    to: Option<u64>,
    /// Restore the scaling of that deploy too
    #[arg(long)]
    with_scaling: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let destination = Destination::of_deployed_apps(&args.deployment)?;
    let (state, store) = open_state(&destination, args.consent.dry_run)?;
    let target = destination.target_for_deployed_apps(&state)?;
    let deployed = destination.refresh(&*target, state.deployed_to(target.name()), output)?;
    let app_state = deployed.find(&args.app)?;
    let earlier = app_state.earlier(args.to)?;
    let app = rollback(&args.app, app_state, earlier, args.with_scaling);
    let plan = Plan {
        apps: vec![app.clone()],
        ..Plan::default()
    };
    let after = deployed.after(&plan, &DeployStamp::default());
    let rendering = target.roll_back(&app, earlier, &after)?;
    show_warnings_and_needs(&rendering, output);
    let question = format!("Restore the deploy of {}?", earlier.time);
    let change = PendingChange {
        destination: &destination,
        target: &*target,
        deployed: deployed.clone(),
        rendering: &rendering,
        profile: None,
        restores: Some(earlier),
        jobs: NonZeroUsize::MIN,
        output,
    };
    if let Some(mut store) = change.confirm(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, &mut store)?;
        if plan.changes_something() {
            output.warning(
                &Failure::new(
                    "the code is not rolled back: the next deploy applies its values again",
                )
                .help("change the code, or check out the commit of that deploy"),
            );
        }
    }
    Ok(Exit::Success)
}
