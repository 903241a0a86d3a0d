//! `cargo machinist plan`.

use machinist_deploy::Store;

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::planned::{self, Planned};
use crate::shown::Shown;

/// Build, and show what a deploy would change
///
/// The code's machine types win, what was tuned on the running app stays, and nothing is deleted
/// without `--prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit with 2 if there are changes, and with 0 if there are none
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    plan_options: PlanOptions,
    #[command(flatten)]
    source: AppSource,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let (source, site) = planned::read(&args.source, &args.plan_options, context)?;
    let state = Store::read(&site.state)?;
    let planned = Planned::new(&site, &source, &args.plan_options, &state, output)?;
    Shown::of(&planned.plan, &*planned.target).print(output)?;
    Ok(
        match args.detailed_exitcode && planned.plan.changes_something() {
            true => Exit::Changes,
            false => Exit::Success,
        },
    )
}
