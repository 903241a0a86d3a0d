//! `cargo machinist deploy`.

use crate::args::deployment::{Consent, DEPLOYMENT, PlanOptions};
use crate::args::source::AppSource;
use crate::carry_out::{self, Change};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::planned::{self, Planned};

/// Build, show what a deploy changes, and deploy
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deploy apps too of which nothing changed, neither a parameter nor the binary
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
    let (source, site) = planned::read(&args.source, &args.plan_options, context)?;
    let (state, store) = carry_out::begin(&site, args.consent.dry_run)?;
    let planned = Planned::new(&site, &source, &args.plan_options, &state, output)?;
    let mut rendering = planned.rendering(args.plan_options.strict, output)?;
    if !args.force {
        rendering = rendering.without_unchanged(&planned.plan, &planned.deployed);
    }
    let Planned {
        target,
        deployed,
        plan,
    } = planned;
    let change = Change {
        site: &site,
        target: &*target,
        deployed,
        rendering: &rendering,
        output,
    };
    let question = format!("Deploy to {}?", target.name());
    if let Some(mut store) = change.agreed(&plan, store, args.consent.yes, &question)? {
        change.deploy(&plan, &mut store)?;
    }
    Ok(Exit::Success)
}
