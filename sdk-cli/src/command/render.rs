//! `cargo machinist render`.

use std::path::PathBuf;

use clap::ValueHint;
use machinist_deploy::{Progress, write};

use crate::args::deployment::PlanOptions;
use crate::args::source::AppSource;
use crate::carry_out::read_state;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepared_deploy::{PreparedDeploy, RenderedApps, read_apps};

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist render --target knative --out deploy/knative";

/// Build, and write the files that a deploy would give to the platform's tool
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
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
    let (apps, destination) = read_apps(&args.source, &args.plan_options, context)?;
    let state = read_state(&destination)?;
    let options = &args.plan_options;
    // All apps are rendered, and no platform is asked for what it has.
    let destination = destination.without_asking();
    let rendered = RenderedApps::All;
    let deploy = PreparedDeploy::new(&destination, &apps, options, rendered, &state, output)?;
    let rendering = &deploy.rendering;
    let report = deploy
        .report()
        .with_files_and_commands(rendering, &args.out);
    if let Some(refusal) = &deploy.refusal {
        output.document(&report)?;
        return Err(refusal.clone());
    }
    write(rendering, &args.out, &mut |progress| {
        if let Progress::Wrote(path) = progress {
            output.status("Wrote", &path.display().to_string());
        }
    })?;
    for step in &rendering.steps {
        let folder = step.command.folder.as_ref();
        let folder = folder.map(|folder| args.out.join(folder));
        let note = folder.map(|folder| format!("  (in {})", folder.display()));
        let text = format!("{}{}", step.command, note.unwrap_or_default());
        output.status("To run", &text);
    }
    output.document(&report)?;
    Ok(Exit::Success)
}
