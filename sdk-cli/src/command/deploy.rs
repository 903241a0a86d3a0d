//! `cargo machinist deploy`.

use std::num::NonZeroUsize;

use crate::args::deployment::{Consent, DEPLOYMENT, PlanOptions};
use crate::args::source::AppSource;
use crate::carry_out::{PendingChange, open_state};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::linked_apps::LinkedApps;
use crate::output::Output;
use crate::prepared_deploy::{PartOfDeploy, PreparedDeploy, RenderedApps, at_each, read_apps};

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
    let (source, jobs) = args.source.and_jobs();
    let (apps, parts) = read_apps(&source, &args.plan_options, context)?;
    at_each(&parts, output, |part| {
        deploy(args, part, &apps, jobs, output)
    })
}

/// Deploys the apps of one destination.
fn deploy(
    args: &Args,
    (destination, options): &PartOfDeploy,
    apps: &LinkedApps,
    jobs: NonZeroUsize,
    output: &Output,
) -> Result<Exit, Failure> {
    let (state, store) = open_state(destination, args.consent.dry_run)?;
    let rendered = match args.force {
        true => RenderedApps::Forced,
        false => RenderedApps::Changed,
    };
    let deploy = PreparedDeploy::new(destination, apps, options, rendered, &state, output)?;
    if let Some(refusal) = &deploy.refusal {
        deploy.report().print(output)?;
        return Err(refusal.clone());
    }
    let (target, rendering) = (&*deploy.target, &deploy.rendering);
    let change = PendingChange {
        profile: deploy.profile.as_deref(),
        jobs,
        ..PendingChange::new(destination, target, deploy.deployed, rendering, output)
    };
    let question = format!("Deploy to {}?", change.place_and_build());
    if let Some(mut store) = change.confirm(&deploy.plan, store, args.consent.yes, &question)? {
        change.deploy(&deploy.plan, &mut store)?;
    }
    Ok(Exit::Success)
}
