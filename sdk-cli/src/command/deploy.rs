//! `cargo machinist deploy`.

use crate::args::deployment::{Consent, DEPLOYMENT, PlanOptions};
use crate::args::source::AppSource;
use crate::carry_out::{PendingChange, open_state};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepared_deploy::{PreparedDeploy, RenderedApps, read_apps};
use crate::reviewed_plan::ReviewedPlan;

/// Build, show what a deploy changes, and deploy
///
/// With a file that `plan -o` kept, exactly that plan is carried out, and nobody is asked. If it is
/// not what a deploy would do now, nothing is done.
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
    let given = &args.plan_options;
    let reviewed = ReviewedPlan::named_in(&given.apps)?;
    let (options, source) = match &reviewed {
        Some(reviewed) => reviewed.arguments(given, args.force, &source)?,
        None => (given.clone(), source),
    };
    let (apps, destination) = read_apps(&source, &options, context)?;
    let destination = destination.with_plan_file(reviewed.as_ref().map(ReviewedPlan::file));
    let (state, store) = open_state(&destination, args.consent.dry_run)?;
    let rendered = match args.force {
        true => RenderedApps::Forced,
        false => RenderedApps::Changed,
    };
    let mut deploy = PreparedDeploy::new(&destination, &apps, &options, rendered, &state, output)?;
    if let Some(reviewed) = &reviewed {
        let unchanged = reviewed.check_unchanged(&deploy.keep(&state, &options));
        deploy.refusal = unchanged.err().or(deploy.refusal);
    }
    if let Some(refusal) = &deploy.refusal {
        deploy.report().print(output)?;
        return Err(refusal.clone());
    }
    let (target, rendering) = (&*deploy.target, &deploy.rendering);
    let change = PendingChange {
        profile: deploy.profile.as_deref(),
        jobs,
        ..PendingChange::new(&destination, target, deploy.deployed, rendering, output)
    };
    let question = format!("Deploy to {}?", change.place_and_build());
    // Who gives a kept plan has seen it.
    let is_agreed = args.consent.yes || reviewed.is_some();
    if let Some(mut store) = change.confirm(&deploy.plan, store, is_agreed, &question)? {
        change.deploy(&deploy.plan, &mut store)?;
    }
    Ok(Exit::Success)
}
