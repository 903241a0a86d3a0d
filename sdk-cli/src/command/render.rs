//! `cargo machinist render`.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use machinist_deploy::{Progress, write};

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::carry_out::read_state;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::linked_apps::LinkedApps;
use crate::output::Output;
use crate::prepared_deploy::{PartOfDeploy, PreparedDeploy, RenderedApps, at_each, read_apps};

/// Build, and write the files that a deploy would give to the platform's tool
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the files into this folder
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    out: PathBuf,
    #[command(flatten)]
    plan_options: PlanOptions,
    #[command(flatten)]
    source: AppSource,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let environment = context.globals.environment();
    let (apps, parts) = read_apps(&args.source, &args.plan_options, environment, context)?;
    at_each(&parts, output, |part| {
        render(&args.out, part, &apps, output)
    })
}

/// Writes the files of one destination.
fn render(
    folder: &Path,
    (destination, options): &PartOfDeploy,
    apps: &LinkedApps,
    output: &Output,
) -> Result<Exit, Failure> {
    let state = read_state(destination)?;
    let rendered = RenderedApps::All;
    let deploy = PreparedDeploy::new(destination, apps, options, rendered, &state, output)?;
    let rendering = &deploy.rendering;
    let report = deploy.report().with_files_and_commands(rendering, folder);
    if let Some(refusal) = &deploy.refusal {
        output.document(&report)?;
        return Err(refusal.clone());
    }
    write(rendering, folder, &mut |progress| {
        if let Progress::Wrote(path) = progress {
            output.status("Wrote", &path.display().to_string());
        }
    })?;
    for step in &rendering.steps {
        let run_in = step.command.folder.as_ref();
        let run_in = run_in.map(|subfolder| folder.join(subfolder));
        let note = run_in.map(|folder| format!("  (in {})", folder.display()));
        let text = format!("{}{}", step.command, note.unwrap_or_default());
        output.status("To run", &text);
    }
    output.document(&report)?;
    Ok(Exit::Success)
}
