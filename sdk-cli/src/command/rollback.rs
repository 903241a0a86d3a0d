//! `cargo machinist rollback`.

use machinist_deploy::{DeployStamp, Plan, rollback};

use crate::args::deployment::{Consent, Deployment};
use crate::carry_out::{self, Change};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::planned;
use crate::site::Site;

/// Bring an earlier deploy of an app back, with its scaling
///
/// The next deploy puts the code's values back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The app
    #[arg(value_name = "APP")]
    app: String,
    /// The serial of the deploy, as `apps APP` shows it; without it the one before the last
    #[arg(long, value_name = "SERIAL")]
    to: Option<u64>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let site = Site::of_place(&args.deployment)?;
    let (state, store) = carry_out::begin(&site, args.consent.dry_run)?;
    let target = site.target_alone(&state)?;
    let deployed = site.refreshed(&*target, state.deployed_to(target.name()), output)?;
    let state = deployed.find(&args.app)?;
    let earlier = state.earlier(args.to)?;
    let app = rollback(&args.app, state, earlier);
    let plan = Plan {
        apps: vec![app.clone()],
    };
    let after = deployed.after(&plan, &DeployStamp::default());
    let rendering = target.roll_back(&app, earlier, &after)?;
    planned::tell(&rendering, output);
    let question = format!("Bring the deploy of {} back?", earlier.time);
    let change = Change {
        site: &site,
        target: &*target,
        deployed: deployed.clone(),
        rendering: &rendering,
        output,
    };
    if let Some(mut store) = change.agreed(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, &mut store)?;
        if plan.changes_something() {
            output.warning(
                &Failure::new(
                    "the code does not know of this: the next deploy puts its values back",
                )
                .help("change the code, or check out the commit of that deploy"),
            );
        }
    }
    Ok(Exit::Success)
}
