//! `cargo machinist scale`.

use machinist_core::parameter::{self, Kind};
use machinist_deploy::{Parameters, Plan};
use serde_json::Value;

use crate::args::deployment::Deployment;
use crate::carry_out::{self, Change};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::planned;
use crate::site::Site;

/// Tune a running app: scaling parameters that stay through every deploy
///
/// The rules are those of the attribute. Code parameters cannot be tuned: they come from the code.
/// `deploy --reset-scaling APP` brings the code's values back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The app
    #[arg(value_name = "APP")]
    app: String,
    /// What to set, for instance `keep_alive=10m` or `regions=us-west,eu-north`
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = key_value)]
    values: Vec<(String, String)>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let site = Site::of_place(&args.deployment)?;
    let (state, store) = carry_out::begin(&site, args.dry_run)?;
    let target = site.target_alone(&state)?;
    let deployed = site.refreshed(&*target, state.deployed_to(target.name()), output)?;
    let app = deployed.tune(&args.app, &values(&args.values)?)?;
    let mut after = deployed.clone();
    after.settle_tuning(&app);
    let rendering = target.scale(&app, &after)?;
    planned::tell(&rendering, output);
    let change = Change {
        site: &site,
        target: &*target,
        deployed,
        rendering: &rendering,
        output,
    };
    let plan = Plan { apps: vec![app] };
    // To name the values is to want them.
    if let Some(mut store) = change.agreed(&plan, store, true, "")? {
        change.tune(&plan.apps[0], &mut store)?;
    }
    Ok(Exit::Success)
}

fn key_value(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((key, value)) => Ok((key.trim().into(), value.trim().into())),
        None => Err("write a key and a value like `keep_alive=10m`".into()),
    }
}

fn values(given: &[(String, String)]) -> Result<Parameters, Failure> {
    let mut values = Parameters::new();
    for (key, text) in given {
        if values.insert(key.clone(), value(key, text)).is_some() {
            return Err(
                Failure::new(format!("`{key}` is given twice")).help("leave out one of them")
            );
        }
    }
    Ok(values)
}

/// A value as the code would have it: a shell knows only texts.
fn value(key: &str, text: &str) -> Value {
    let is_list = |kind| matches!(kind, Kind::Regions | Kind::MachineTypes);
    let kind = parameter::find(key).map(|parameter| parameter.kind);
    match text.parse::<i64>() {
        _ if kind.is_some_and(is_list) => text.split(',').map(str::trim).collect(),
        Ok(number) => number.into(),
        Err(_) => text.into(),
    }
}
