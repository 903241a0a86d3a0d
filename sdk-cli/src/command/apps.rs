//! `cargo machinist apps`.

use machinist_deploy::{AppState, Store};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::deployment::Deployment;
use crate::args::globals::Format;
use crate::carry_out::{check_environment, check_newest};
use crate::context::Context;
use crate::destination::Destination;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::plan_report::Place;
use crate::text_view;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist apps
  cargo machinist apps llm-server
  cargo machinist ls --no-refresh --json";

/// Show what is deployed, what is tuned, and drift: what was changed outside the code
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, visible_aliases = ["ls", "status"])]
pub(crate) struct Args {
    /// Show this app in full, with its last deploys
    #[arg(value_name = "APP")]
    app: Option<String>,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(name) = &args.app {
        let destination = destinations::of_deployed_app(&args.deployment, &[name], context)?;
        return show(args, &destination, context);
    }
    let all = destinations::of_deployment(&args.deployment, context)?;
    for destination in &all {
        if all.len() > 1 {
            context.output.begin_destination();
            context.output.status("At", &destination.describe());
        }
        show(args, destination, context)?;
    }
    Ok(Exit::Success)
}

/// Shows what is deployed at one destination.
fn show(args: &Args, destination: &Destination, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let state = Store::read(destination.state.clone())?;
    check_environment(&state, destination)?;
    // Nothing is changed, so an old state is only a warning.
    if let Err(old) = check_newest(&state, destination) {
        output.warning(&old);
    }
    let target = destination.target_for_deployed_apps(&state)?;
    let deployed = destination.refresh(&*target, state.deployed_to(target.name()), output)?;
    let deployed = destination.own_deployed(&deployed);
    if let Some(name) = &args.app {
        let app = deployed.find(name)?;
        match output.format {
            Format::Text | Format::Markdown => {
                output.lines(&text_view::app_details(name, app))?;
            }
            Format::Json => output.json(&app_in_json(name, app))?,
        }
        return Ok(Exit::Success);
    }
    match output.format {
        Format::Text | Format::Markdown if deployed.apps.is_empty() => {
            let place = destination.place(&*target, &deployed);
            output.status("No apps", &format!("nothing is deployed to {place}"));
        }
        Format::Text | Format::Markdown => {
            let mut rows = vec![text_view::APP_COLUMNS.map(str::to_owned).to_vec()];
            let apps = deployed.apps.iter();
            rows.extend(apps.map(|(name, app)| text_view::app_row(name, app)));
            output.table(&rows)?;
            let place = destination.place(&*target, &deployed);
            output.status("Deployed", &format!("to {place}"));
        }
        Format::Json => {
            let apps = deployed.apps.iter();
            let apps: Vec<Value> = apps.map(|(name, app)| app_in_json(name, app)).collect();
            output.json(&AppsReport {
                place: destination.place(&*target, &deployed),
                apps,
            })?;
        }
    }
    Ok(Exit::Success)
}

/// What is deployed, and where.
#[derive(Serialize)]
struct AppsReport<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    apps: Vec<Value>,
}

/// An app with the parameters in effect, and what they are made of.
fn app_in_json(name: &str, app: &AppState) -> Value {
    json!({
        "name": name,
        "is_deployed": app.is_deployed(),
        "binaries": app.binaries,
        "effective": {"code": app.actual_code(), "scaling": app.effective_scaling()},
        "overrides": app.overrides,
        "drift": app.drift,
        "other_drift": app.drift_of_artifact(),
        "history": app.history,
    })
}
