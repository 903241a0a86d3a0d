//! `cargo machinist doctor`.

mod built;
mod toolchain;

use std::path::PathBuf;

use clap::ValueHint;
use machinist_deploy::{Check, CheckStatus, Deployed, Store, Target};
use serde_json::json;

use crate::args::deployment::DeployedState;
use crate::args::globals::Format;
use crate::cargo;
use crate::carry_out::{check_environment, check_newest};
use crate::context::Context;
use crate::destination::Destination;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Line, Look, Output};
use crate::workspace::Workspace;

/// Check what a deploy relies on: tools, logins, settings, state, platform and binaries
///
/// Nothing is built or changed. Exits with 1 if a check finds an error.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Check these binaries [default: those that cargo has built last]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, num_args = 1..)]
    binary: Vec<PathBuf>,
    /// Do not ask the platform
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    state: DeployedState,
}

const EXAMPLES: &str = "\
Examples:
  cargo machinist doctor --target fal";

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut checks = toolchain::checks();
    match destinations::of_state(&args.state, context.globals.environment()) {
        Ok(all) => {
            for destination in &all {
                if all.len() > 1 {
                    checks.push(Check::ok("deploys to", destination.describe()));
                }
                checks.extend(deployment_checks(args, destination));
            }
        }
        Err(failure) => checks.push(of_failure("settings", failure)),
    }
    for check in &mut checks {
        let deployment = &context.output.deployment;
        check.help = check.help.take().map(|help| deployment.add_to_text(&help));
    }
    report(&checks, &context.output)?;
    let is_fine = is_fine(&checks);
    Ok(if is_fine { Exit::Success } else { Exit::Error })
}

fn of_failure(subject: &str, failure: Failure) -> Check {
    let check = Check::error(subject, failure.message);
    match failure.help.into_iter().next() {
        Some(help) => check.help(help),
        None => check,
    }
}

fn deployment_checks(args: &Args, destination: &Destination) -> Vec<Check> {
    let mut checks = Vec::new();
    let state = match Store::read(destination.state.clone()) {
        Ok(state) => state,
        Err(error) => {
            checks.push(of_failure("state", error.into()));
            return checks;
        }
    };
    let target = match destination.target_for_deployed_apps(&state) {
        Ok(target) => target,
        Err(failure) => {
            checks.push(of_failure("settings", failure));
            return checks;
        }
    };
    checks.push(Check::ok(
        "settings",
        format!("they are valid, and the target is {}", target.name()),
    ));
    let file = &destination.state;
    let deployed = state.deployed_to(target.name());
    checks.push(
        match check_environment(&state, destination)
            .and_then(|()| check_newest(&state, destination))
        {
            Err(failure) => of_failure("state", failure),
            Ok(()) if state.serial == 0 => Check::ok(
                "state",
                format!("nothing is deployed yet: `{file}` does not exist"),
            ),
            Ok(()) => Check::ok(
                "state",
                format!(
                    "`{file}` has serial {} and {} on {}",
                    state.serial,
                    count(deployed.apps.len()),
                    target.name()
                ),
            ),
        },
    );
    checks.push(match Store::lock_holder(destination.state.clone()) {
        Some(holder) => Check::warning("lock", format!("`{file}` is {holder}"))
            .help("wait until that deploy is done"),
        None => Check::ok("lock", "nobody deploys at this moment"),
    });
    checks.extend(platform_checks(args, destination, &*target, deployed));
    if destination.is_platform() || !args.binary.is_empty() {
        let path = args.state.manifest_path.as_deref();
        // Files that are named may be in no workspace, of which cargo would complain.
        let metadata = match Workspace::find(path) {
            Ok(Some(_)) if args.binary.is_empty() => cargo::workspace_metadata(path).ok(),
            _ => None,
        };
        checks.extend(built::checks(
            &args.binary,
            metadata.as_ref(),
            destination,
            &*target,
        ));
    }
    if target.needs_image() {
        checks.push(toolchain::image_builder());
    }
    checks
}

/// The checks of the platform; those that ask it come last, and not where an earlier one failed.
fn platform_checks(
    args: &Args,
    destination: &Destination,
    target: &dyn Target,
    deployed: Deployed,
) -> Vec<Check> {
    let limits = destination.limits;
    let mut checks = target.checks(limits, !args.offline);
    let is_ready = is_fine(&checks);
    checks.extend(match destination.at_place(target, deployed) {
        Ok(deployed) => deployed.place.map(|place| Check::ok("place", place)),
        Err(failure) => Some(of_failure("place", failure)),
    });
    if args.offline || !is_ready || target.list_command().is_none() {
        return checks;
    }
    checks.push(match target.live(&Deployed::default(), limits) {
        Ok(live) => {
            let apps = live.map_or(0, |live| live.apps.len());
            Check::ok("platform", format!("it answers, and has {}", count(apps)))
        }
        Err(problem) => Check::of_problem("platform", problem),
    });
    checks
}

fn count(apps: usize) -> String {
    format!("{apps} app{}", if apps == 1 { "" } else { "s" })
}

fn report(checks: &[Check], output: &Output) -> Result<(), Failure> {
    let is_fine = is_fine(checks);
    if output.format == Format::Json {
        return output.json(&json!({"ok": is_fine, "checks": checks}));
    }
    let lines: Vec<Line> = checks.iter().map(line).collect();
    output.lines(&lines)
}

/// Whether no check found an error.
fn is_fine(checks: &[Check]) -> bool {
    checks
        .iter()
        .all(|check| check.status != CheckStatus::Error)
}

/// A check on one line.
fn line(check: &Check) -> Line {
    let (look, word) = match check.status {
        CheckStatus::Ok => (Look::Good, "ok"),
        CheckStatus::Warning => (Look::Notable, "warning"),
        CheckStatus::Error => (Look::Bad, "error"),
    };
    // What a tool prints has several lines.
    let message = check.message.lines().collect::<Vec<_>>().join(" ");
    let help = check.help.as_ref().map(|help| format!("; {help}"));
    Line::default()
        .with(look, format!("{word:<8}"))
        .with(Look::Bold, check.subject.clone())
        .with(
            Look::Plain,
            format!(": {message}{}", help.unwrap_or_default()),
        )
}
