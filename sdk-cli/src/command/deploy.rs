//! `cargo machinist deploy`.

use machinist_deploy::Store;

use crate::args::{self, Globals};
use crate::carry_out::Change;
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
    // Held to the end: what the plan shows is what it is carried out on.
    let mut store = Store::open(&site.state)?;
    let planned = Planned::new(&site, &source, &args.change, &store.state(), output)?;
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
    if change.is_wanted(&plan, args.consent, &question)? {
        change.deploy(&plan, &mut store)?;
    }
    Ok(Exit::Success)
}
