//! `cargo machinist deploy`.

use std::num::NonZeroUsize;
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
use crate::linked_apps::LinkedApps;
use crate::output::Output;
use crate::prepared_deploy::{
    PartOfDeploy, PreparedDeploy, RenderedApps, at_each, check_places, read_apps,
};
use crate::reviewed_plan::{ReviewedPlan, check_one_place};

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist deploy
  cargo machinist deploy llm-server --target fal --yes --wait
  cargo machinist deploy --reset-scaling llm-server --dry-run";

/// Build, show what a deploy changes, and deploy
///
/// With a file that `plan -o` kept, exactly that plan is carried out, and nobody is asked. If it is
/// not what a deploy would do now, nothing is done.
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
    let given = &args.plan_options;
    let reviewed = ReviewedPlan::named_in(&given.apps)?;
    let globals = &context.globals;
    let (options, source, environment) = match &reviewed {
        Some(reviewed) => reviewed.arguments(given, args.force, &source, globals)?,
        None => (given.clone(), source, globals.environment()),
    };
    if let (Some(_), None, Some(name)) = (&reviewed, globals.environment(), &environment) {
        output.deployment.add_environment(name);
    }
    let (apps, mut parts) = read_apps(&source, &options, environment, context)?;
    if let Some(reviewed) = &reviewed {
        check_one_place(parts.len())?;
        for (destination, _) in &mut parts {
            destination.set_plan_file(reviewed.file());
        }
    }
    check_places(&parts)?;
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
        wait: args
            .wait
            .map(|limit| Wait::for_plan(&deploy.plan, target, limit)),
        ..PendingChange::new(destination, target, deploy.deployed, rendering, output)
    };
    let question = format!("Deploy to {}?", change.place_and_build());
    // Who gives a kept plan has seen it.
    let is_agreed = args.consent.yes || reviewed.is_some();
    if let Some(store) = change.confirm(&deploy.plan, store, is_agreed, &question)? {
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
    // The help shows a line of TOML, and this is a flag.
    let as_flag = |help: String| help.replace(" = \"", "=").replace("\"`", "`");
    let seconds = seconds.map_err(|problem| as_flag(problem.help.unwrap_or(problem.message)))?;
    Ok(Duration::from_secs(seconds.into()))
}
