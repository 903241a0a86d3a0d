//! `cargo machinist deploy`.

use crate::args::deployment::{Consent, DEPLOYMENT, PlanOptions};
use crate::args::source::AppSource;
use crate::carry_out::{PendingChange, open_state};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepared_deploy::{PreparedDeploy, read_apps};

/// Build, show what a deploy changes, and deploy
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deploy unchanged apps too (same parameters and binary)
    #[arg(long, help_heading = DEPLOYMENT)]
    force: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    plan_options: PlanOptions,
    #[command(flatten)]
    source: AppSource,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let (apps, destination) = read_apps(&args.source, &args.plan_options, context)?;
    let (state, store) = open_state(&destination, args.consent.dry_run)?;
    let deploy = PreparedDeploy::new(&destination, &apps, &args.plan_options, &state, output)?;
    let mut rendering = deploy.render(args.plan_options.strict, output)?;
    if !args.force {
        rendering = rendering.without_unchanged(&deploy.plan, &deploy.deployed);
    }
    let PreparedDeploy {
        target,
        deployed,
        plan,
    } = deploy;
    let change = PendingChange {
        destination: &destination,
        target: &*target,
        deployed,
        rendering: &rendering,
        output,
    };
    let question = format!("Deploy to {}?", target.name());
    if let Some(mut store) = change.confirm(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, &mut store)?;
    }
    Ok(Exit::Success)
}
