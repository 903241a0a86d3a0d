//! `cargo machinist plan`.

use std::path::PathBuf;

use clap::ValueHint;

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::carry_out::read_state;
use crate::context::Context;
use crate::destinations;
use crate::drift_report::DriftReport;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::prepared_deploy::{
    PartOfDeploy, PreparedDeploy, RenderedApps, at_each, check_places, parts, read_apps,
};
use crate::reviewed_plan::{check_file, check_one_place, keep};

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist plan
  cargo machinist plan llm-server --target knative
  cargo machinist plan --detailed-exitcode --format json";

/// Build, and show what a deploy would change
///
/// Machine types always come from the code. Tuned values are kept. Apps are deleted only with
/// `--prune`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Exit with 2 if there are changes, and with 0 if there are none
    #[arg(long)]
    detailed_exitcode: bool,
    /// Keep the plan in this file: `deploy FILE` carries out exactly that
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Build nothing, and show only drift: what differs on the platform from what was deployed
    #[arg(
        long,
        conflicts_with_all = [
            "output", "binary", "no_refresh", "reset_scaling", "prune", "adopt", "strict",
        ]
    )]
    drift_only: bool,
    #[command(flatten)]
    plan_options: PlanOptions,
    #[command(flatten)]
    source: AppSource,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.drift_only {
        return show_drift(args, context);
    }
    if let Some(file) = &args.output {
        check_file(file)?;
    }
    let output = &context.output;
    let environment = context.globals.environment();
    let (apps, parts) = read_apps(&args.source, &args.plan_options, environment, context)?;
    if args.output.is_some() {
        check_one_place(parts.len())?;
    }
    check_places(&parts)?;
    at_each(&parts, output, |(destination, options)| {
        let state = read_state(destination)?;
        let rendered = RenderedApps::Changed;
        let deploy = PreparedDeploy::new(destination, &apps, options, rendered, &state, output)?;
        deploy.report().print(output)?;
        if let Some(file) = &args.output {
            keep(&deploy.keep(&state, options), file, output)?;
        }
        let is_changed = deploy.plan.changes_something();
        match deploy.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(args.exit(is_changed)),
        }
    })
}

impl Args {
    fn exit(&self, is_changed: bool) -> Exit {
        match self.detailed_exitcode && is_changed {
            true => Exit::Changes,
            false => Exit::Success,
        }
    }
}

/// Compares what the state records with what the platform has.
fn show_drift(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    if let Some(flag) = args.source.selection.first_flag_of_build() {
        return Err(Failure::new(format!(
            "`--drift-only` builds nothing, so `{flag}` has no effect"
        ))
        .help("leave out one of the two"));
    }
    let options = &args.plan_options;
    let environment = context.globals.environment();
    let all = destinations::of_linked_apps(&args.source, options, environment)?;
    let all = match options.apps.is_empty() {
        true => all.into_iter().map(|one| (one, options.clone())).collect(),
        false => parts(all, options, &[])?,
    };
    at_each(&all, output, |part| show_drift_at(part, args, output))
}

fn show_drift_at(
    (destination, options): &PartOfDeploy,
    args: &Args,
    output: &Output,
) -> Result<Exit, Failure> {
    let state = read_state(destination)?;
    let target = destination.target_for_deployed_apps(&state)?;
    destination.check_can_be_asked(&*target)?;
    let recorded = state.deployed_to(target.name());
    for app in &options.apps {
        recorded.find_known(app)?;
    }
    let now = destination.refresh(&*target, recorded.clone(), output)?;
    let report = DriftReport::new(destination, &*target, &recorded, &now)?.of_apps(&options.apps);
    report.print(output)?;
    Ok(args.exit(report.has_drift()))
}
