//! `cargo machinist rollback`.

use machinist_deploy::{DeployStamp, Plan, Rendering, ago, rollback};

use crate::args::deployment::{Consent, Deployment};
use crate::carry_out::{DeployedApps, PendingChange, show_warnings_and_needs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist rollback llm-server
  cargo machinist rollback llm-server --to 12 --with-scaling";

/// Restore an earlier deploy of an app: its code parameters and what runs it
///
/// The scaling stays as it is, unless `--with-scaling` is given.
/// The next deploy applies the code's values again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
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
    let DeployedApps {
        destination,
        target,
        deployed,
        store,
    } = DeployedApps::open(
        &args.deployment,
        &[&args.app],
        args.consent.dry_run,
        context,
    )?;
    let app_state = deployed.find(&args.app)?;
    let earlier = app_state.earlier(args.to)?;
    let app = rollback(&args.app, app_state, earlier, args.with_scaling);
    app.check_together(&[])?;
    let plan = Plan {
        apps: vec![app.clone()],
        ..Plan::default()
    };
    let after = deployed.after(&plan, &DeployStamp::default());
    let rendering = match app.action.is_change() {
        true => target.roll_back(&app, earlier, &after)?,
        false => Rendering::default(),
    };
    show_warnings_and_needs(&rendering, output);
    let known = deployed.clone();
    let change = PendingChange {
        restores: Some(earlier),
        ..PendingChange::new(&destination, &*target, known, &rendering, output)
    };
    let (app, time, place) = (&args.app, ago(&earlier.time), change.place_and_build());
    let question = format!("Restore `{app}` as it was deployed {time}, on {place}?");
    if let Some(store) = change.confirm(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, store)?;
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
