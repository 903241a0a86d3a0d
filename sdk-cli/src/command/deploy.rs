//! `cargo machinist deploy`.

use crate::args::{self, Globals};
use crate::carry_out::{self, Change};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::planned::{self, Planned};

pub(crate) fn run(
    args: &args::Deploy,
    globals: &Globals,
    output: &Output,
) -> Result<Exit, Failure> {
    let (source, site) = planned::read(&args.source, &args.change, globals, output)?;
    let (state, store) = carry_out::begin(&site, args.consent.dry_run)?;
    let planned = Planned::new(&site, &source, &args.change, &state, output)?;
    let mut rendering = planned.rendering(args.change.strict, output)?;
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
