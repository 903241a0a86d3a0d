//! `cargo machinist scale`.

use machinist_core::attribute::Value;
use machinist_core::parameter::{Key, Kind};
use machinist_deploy::{DeployStamp, Plan};

use crate::args::deployment::Deployment;
use crate::carry_out::{DeployedApps, PendingChange, show_warnings_and_needs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist scale llm-server min_concurrency=2 keep_alive=10m
  cargo machinist scale llm-server --reset keep_alive";

/// Tune a running app: its scaling parameters stay tuned through later deploys
///
/// The rules are those of the attribute. Code parameters cannot be tuned, because they always come
/// from the code. `deploy --reset-scaling APP` restores the code's values.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The app to tune
    #[arg(value_name = "APP")]
    app: String,
    /// The values to set, for instance `keep_alive=10m` or `regions=us-west,eu-north`
    #[arg(required_unless_present = "reset", value_name = "KEY=VALUE", value_parser = split_key_value)]
    values: Vec<(String, String)>,
    /// Discard this tuned value: the code's value is in effect again
    #[arg(long, value_name = "KEY")]
    reset: Vec<String>,
    /// Show the files and commands, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let DeployedApps {
        destination,
        target,
        deployed,
        store,
    } = DeployedApps::open(&args.deployment, &[&args.app], args.dry_run, context)?;
    let mut app = deployed.tune(&args.app, &parse_values(&args.values)?, &args.reset)?;
    let mut after = deployed.clone();
    after.settle_tuning(&app, &DeployStamp::default());
    let rendering = target.scale(&app, &after)?;
    if rendering.sends_code() {
        let state = deployed.find(&args.app)?;
        state.check_no_drift(&args.app)?;
        app.add_interruption(state);
    }
    show_warnings_and_needs(&rendering, output);
    let change = PendingChange::new(&destination, &*target, deployed, &rendering, output);
    let plan = Plan {
        apps: vec![app],
        ..Plan::default()
    };
    // Not asked: whoever types the values wants them.
    if let Some(store) = change.confirm(&plan, store, true, "")? {
        change.tune(&plan, &plan.apps[0], store)?;
    }
    Ok(Exit::Success)
}

fn split_key_value(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((key, value)) => Ok((key.trim().into(), value.trim().into())),
        None => Err("write a key and a value like `keep_alive=10m`".into()),
    }
}

fn parse_values(arguments: &[(String, String)]) -> Result<Vec<(String, Value)>, Failure> {
    let mut values: Vec<(String, Value)> = Vec::new();
    for (key, text) in arguments {
        if values.iter().any(|(known, _)| known == key) {
            return Err(
                Failure::new(format!("`{key}` is given twice")).help("leave out one of them")
            );
        }
        values.push((key.clone(), parse_value(key, text)));
    }
    Ok(values)
}

/// A value with the type that it has in the code. Arguments are only texts.
fn parse_value(key: &str, text: &str) -> Value {
    let kind = Key::find(key).map(|key| key.parameter().kind);
    match (kind, text.parse()) {
        (Some(Kind::Regions | Kind::MachineTypes), _) => Value::list_without_quotes(text),
        (_, Ok(number)) => Value::Integer(number),
        (_, Err(_)) => Value::Text(text.into()),
    }
}
