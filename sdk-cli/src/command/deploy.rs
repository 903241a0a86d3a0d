//! `cargo machinist deploy`.

use std::time::Duration;

use machinist_core::attribute::Value;
use machinist_core::parameter::MAX_SECONDS;
use machinist_core::setting::read_duration;
use machinist_deploy::Wait;

use crate::args::deployment::{Consent, DEPLOYMENT, PlanOptions};
use crate::args::source::AppSource;
use crate::carry_out::{PendingChange, open_state};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepared_deploy::{PreparedDeploy, RenderedApps, read_apps};

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist deploy
  cargo machinist deploy llm-server --target fal --yes --wait
  cargo machinist deploy --reset-scaling llm-server --dry-run";

/// Build, show what a deploy changes, and deploy
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Deploy unchanged apps too (same parameters and binary)
    #[arg(long, help_heading = DEPLOYMENT)]
    force: bool,
    /// Wait until each app answers, at most this long [default: its startup_timeout and 10 minutes]
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        value_parser = parse_duration,
        help_heading = DEPLOYMENT
    )]
    wait: Option<Option<Duration>>,
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
    let (apps, destination) = read_apps(&source, &args.plan_options, context)?;
    let (state, store) = open_state(&destination, args.consent.dry_run)?;
    let options = &args.plan_options;
    let rendered = match args.force {
        true => RenderedApps::Forced,
        false => RenderedApps::Changed,
    };
    let deploy = PreparedDeploy::new(&destination, &apps, options, rendered, &state, output)?;
    if let Some(refusal) = &deploy.refusal {
        deploy.report().print(output)?;
        return Err(refusal.clone());
    }
    let (target, rendering) = (&*deploy.target, &deploy.rendering);
    let change = PendingChange {
        profile: deploy.profile.as_deref(),
        jobs,
        wait: args
            .wait
            .map(|limit| Wait::for_plan(&deploy.plan, target, limit)),
        ..PendingChange::new(&destination, target, deploy.deployed, rendering, output)
    };
    let question = format!("Deploy to {}?", change.place_and_build());
    if let Some(store) = change.confirm(&deploy.plan, store, args.consent.yes, &question)? {
        change.deploy(&deploy.plan, store)?;
    }
    Ok(Exit::Success)
}

/// A duration as the attribute has it: `90s`, `15m`, or seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let value = match text.parse() {
        Ok(seconds) => Value::Integer(seconds),
        Err(_) => Value::Text(text.into()),
    };
    let seconds = read_duration("--wait", &value, (1, MAX_SECONDS));
    let seconds = seconds.map_err(|problem| problem.help.unwrap_or(problem.message))?;
    Ok(Duration::from_secs(seconds.into()))
}
