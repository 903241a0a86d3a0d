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
use crate::reviewed_plan::{ReviewedPlan, check_one_place};

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
    let environment = context.globals.environment();
    let (options, source, environment) = match &reviewed {
        Some(reviewed) => reviewed.arguments(given, args.force, &source, environment)?,
        None => (given.clone(), source, environment),
    };
    let (apps, mut parts) = read_apps(&source, &options, environment, context)?;
    if let Some(reviewed) = &reviewed {
        check_one_place(parts.len())?;
        for (destination, _) in &mut parts {
            destination.set_plan_file(reviewed.file());
        }
    }
    at_each(&parts, output, |part| {
        deploy(args, part, &apps, (reviewed.as_ref(), jobs), output)
    })
}

/// Deploys the apps of one destination.
fn deploy(
    args: &Args,
    (destination, options): &PartOfDeploy,
    apps: &LinkedApps,
    (reviewed, jobs): (Option<&ReviewedPlan>, NonZeroUsize),
    output: &Output,
) -> Result<Exit, Failure> {
    let (state, store) = open_state(destination, args.consent.dry_run)?;
    let rendered = match args.force {
        true => RenderedApps::Forced,
        false => RenderedApps::Changed,
    };
    let mut deploy = PreparedDeploy::new(destination, apps, options, rendered, &state, output)?;
    if let Some(reviewed) = reviewed {
        let unchanged = reviewed.check_unchanged(&deploy.keep(&state, options));
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
        ..PendingChange::new(destination, target, deploy.deployed, rendering, output)
    };
    let question = format!("Deploy to {}?", change.place_and_build());
    // Who gives a kept plan has seen it.
    let is_agreed = args.consent.yes || reviewed.is_some();
    if let Some(mut store) = change.confirm(&deploy.plan, store, is_agreed, &question)? {
        change.deploy(&deploy.plan, &mut store)?;
    }
    Ok(Exit::Success)
}
