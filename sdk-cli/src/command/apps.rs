//! `cargo machinist apps`.

use machinist_deploy::{AppState, Store};
use serde_json::{Value, json};

use crate::args::deployment::Deployment;
use crate::args::globals::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::site::Site;
use crate::view;

/// Show what is deployed, what is tuned and what was changed behind the code's back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show this app in full, with its last deploys
    #[arg(value_name = "APP")]
    app: Option<String>,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let site = Site::of_place(&args.deployment)?;
    let state = Store::read(&site.state)?;
    let target = site.target_alone(&state)?;
    let deployed = site.refreshed(&*target, state.deployed_to(target.name()), output)?;
    if let Some(name) = &args.app {
        let app = deployed.find(name)?;
        match output.format {
            Format::Text => output.lines(&view::app(name, app))?,
            Format::Json => output.json(&in_json(name, app))?,
        }
        return Ok(Exit::Success);
    }
    match output.format {
        Format::Text if deployed.apps.is_empty() => {
            output.status(
                "No apps",
                &format!("nothing is deployed to {}", target.name()),
            );
        }
        Format::Text => {
            let heads = [view::APP_HEADS.map(str::to_owned)].into_iter();
            let apps = deployed.apps.iter();
            let rows: Vec<_> = heads
                .chain(apps.map(|(name, app)| view::app_cells(name, app)))
                .collect();
            output.table(&rows)?;
        }
        Format::Json => {
            let apps = deployed.apps.iter();
            let apps: Vec<Value> = apps.map(|(name, app)| in_json(name, app)).collect();
            output.json(&json!({"target": target.name(), "apps": apps}))?;
        }
    }
    Ok(Exit::Success)
}

/// An app with the parameters in effect beside what it is kept as.
fn in_json(name: &str, app: &AppState) -> Value {
    json!({
        "name": name,
        "is_deployed": app.is_deployed(),
        "binaries": app.binaries,
        "effective": {"code": app.actual_code(), "scaling": app.effective_scaling()},
        "overrides": app.overrides,
        "drift": app.drift,
        "history": app.history,
    })
}
