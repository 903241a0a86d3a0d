//! `cargo machinist plan`.

use machinist_deploy::Store;

use crate::args::{self, Globals};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::planned::{self, Planned};
use crate::shown::Shown;

pub(crate) fn run(args: &args::Plan, globals: &Globals, output: &Output) -> Result<Exit, Failure> {
    let (source, site) = planned::read(&args.source, &args.change, globals, output)?;
    let state = Store::read(&site.state)?;
    let planned = Planned::new(&site, &source, &args.change, &state, output)?;
    Shown::of(&planned.plan, &*planned.target).print(output)?;
    Ok(
        match args.detailed_exitcode && planned.plan.changes_something() {
            true => Exit::Changes,
            false => Exit::Success,
        },
    )
}
