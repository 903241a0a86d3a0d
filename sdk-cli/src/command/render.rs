//! `cargo machinist render`.

use machinist_deploy::{Progress, Store, write};

use crate::args::{self, Globals};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::planned::{self, Planned};

pub(crate) fn run(
    args: &args::Render,
    globals: &Globals,
    output: &Output,
) -> Result<Exit, Failure> {
    let (source, site) = planned::read(&args.source, &args.change, globals, output)?;
    let state = Store::read(&site.state)?;
    let planned = Planned::new(&site, &source, &args.change, &state, output)?;
    let rendering = planned.rendering(args.change.strict, output)?;
    write(&rendering, &args.out, &mut |progress| {
        if let Progress::Wrote(path) = progress {
            output.status("Wrote", &path.display().to_string());
        }
    })?;
    for step in &rendering.steps {
        let folder = step
            .command
            .folder
            .iter()
            .map(|folder| args.out.join(folder));
        let folder: String = folder
            .map(|folder| format!("  (in {})", folder.display()))
            .collect();
        output.status("To run", &format!("{}{folder}", step.command));
    }
    Ok(Exit::Success)
}
