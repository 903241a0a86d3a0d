//! `cargo machinist state`.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use machinist_deploy::{GitRef, State, StateLocation, StateRef, Store};
use serde_json::json;

use crate::args::deployment::StateSource;
use crate::args::globals::Format;
use crate::carry_out::{change_note, read_state};
use crate::context::Context;
use crate::destination::Destination;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show the state, move it between a file and git, and break its lock
///
/// With `state = "git"` the state is on a ref of the project's git remote, which all clones share.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  cargo machinist state show
  cargo machinist state push machinist-state.json
  cargo machinist state unlock";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print the state as JSON
    #[command(after_help = "Examples:\n  cargo machinist state show --state git")]
    Show(Show),
    /// Show who changed the state on git, and how
    #[command(after_help = "Examples:\n  cargo machinist state log")]
    Log(Log),
    /// Write the state on git into a file
    ///
    /// A newer state in the file, and one of another project, is not replaced.
    #[command(after_help = "Examples:\n  cargo machinist state pull machinist-state.json")]
    Pull(Pull),
    /// Put a state onto git: that of a file, or the newest that this clone has seen
    ///
    /// A newer state on git, and one of another project, is not replaced. What was there before stays
    /// in its history.
    #[command(after_help = "Examples:\n  cargo machinist state push machinist-state.json")]
    Push(Push),
    /// Break the lock of a deploy that was killed on another machine
    #[command(after_help = "Examples:\n  cargo machinist state unlock --yes")]
    Unlock(Unlock),
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    source: StateSource,
}

#[derive(Debug, clap::Args)]
struct Log {
    #[command(flatten)]
    source: StateSource,
}

#[derive(Debug, clap::Args)]
struct Pull {
    /// The file to write [default: machinist-state.json in the workspace]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    into: Option<PathBuf>,
    #[command(flatten)]
    source: StateSource,
}

#[derive(Debug, clap::Args)]
struct Push {
    /// The file with the state [default: what git has lost of what this clone has seen]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    source: StateSource,
}

#[derive(Debug, clap::Args)]
struct Unlock {
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Only if this process holds it, as the error names it
    #[arg(long, value_name = "NUMBER")]
    process: Option<String>,
    #[command(flatten)]
    source: StateSource,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.action {
        Action::Show(args) => show(args, context),
        Action::Log(args) => log(args, context),
        Action::Pull(args) => pull(args, context),
        Action::Push(args) => push(args, context),
        Action::Unlock(args) => unlock(args, context),
    }?;
    Ok(Exit::Success)
}

fn show(args: &Show, context: &Context) -> Result<(), Failure> {
    let destination = destinations::of_state_source(&args.source, context)?;
    context.output.data(&read_state(&destination)?.to_json())
}

fn log(args: &Log, context: &Context) -> Result<(), Failure> {
    let destination = destinations::of_state_source(&args.source, context)?;
    let git_ref = git_ref_in_use(&destination, "see `git log -- FILE`, if the file is in git")?;
    let entries = StateRef::open(git_ref)?.log()?;
    let entries = entries.iter();
    if context.output.format == Format::Json {
        let entries = entries.map(|entry| {
            json!({
                "state_commit": entry.state_commit,
                "time": entry.time,
                "what": entry.what,
                "by": entry.by,
                "commit": entry.commit,
                "serial": entry.serial,
            })
        });
        return context.output.json(&entries.collect::<Vec<_>>());
    }
    let mut rows = vec![
        ["SERIAL", "TIME", "BY", "COMMIT", "WHAT"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(entries.map(|entry| {
        let commit = entry.commit.as_deref().map(short_commit);
        vec![
            entry.serial.map_or("-".into(), |serial| serial.to_string()),
            entry.time.clone(),
            entry.by.clone().unwrap_or("-".into()),
            commit.unwrap_or("-".into()),
            entry.what.clone(),
        ]
    }));
    context.output.table(&rows)
}

/// The first figures of a commit, and whether files differed from it.
fn short_commit(commit: &str) -> String {
    let (hash, dirty) = match commit.split_once('-') {
        Some((hash, _)) => (hash, "-dirty"),
        None => (commit, ""),
    };
    format!("{}{dirty}", hash.get(..10).unwrap_or(hash))
}

fn pull(args: &Pull, context: &Context) -> Result<(), Failure> {
    let destination = destinations::of_state_source(&args.source, context)?;
    let location = StateLocation::Git(destination.git_ref.clone());
    let state = Store::read(location.clone())?;
    if state.is_new() {
        return Err(Failure::new(format!("`{location}` has no state")));
    }
    let default = destination.default_state_file();
    let file = args.into.as_deref().unwrap_or(&default);
    let mut store = Store::open(file, destination.environment())?;
    check_replaces(file, &store.state(), &state)?;
    store.save(&state)?;
    let serial = state.serial;
    let path = file.display();
    let output = &context.output;
    output.document(&json!({"file": file, "serial": serial}))?;
    output.status(
        "Pulled",
        &format!("`{location}` into `{path}`: serial {serial}"),
    );
    Ok(())
}

/// A file is replaced only by a later state of the same project.
fn check_replaces(file: &Path, there: &State, state: &State) -> Result<(), Failure> {
    let path = file.display();
    if there.is_new() {
        return Ok(());
    }
    if there.lineage != state.lineage {
        return Err(
            Failure::new(format!("`{path}` is the state of another project"))
                .help("write into another file: `cargo machinist state pull FILE`"),
        );
    }
    if there.serial > state.serial || there.serial == state.serial && there != state {
        let (newer, serial) = (there.serial, state.serial);
        return Err(Failure::new(format!(
            "`{path}` is newer: it has the serial {newer}, and the state on git {serial}"
        ))
        .help(format!(
            "put it there with `cargo machinist state push {path}`"
        )));
    }
    Ok(())
}

fn push(args: &Push, context: &Context) -> Result<(), Failure> {
    let destination = destinations::of_state_source(&args.source, context)?;
    let location = StateLocation::Git(destination.git_ref.clone());
    let file = args.from.as_deref();
    // The file stays locked until its state is there.
    let store = match file {
        Some(file) if !file.is_file() => {
            let path = file.display();
            return Err(Failure::new(format!("there is no file `{path}`")));
        }
        Some(file) => {
            let environment = destination.environment();
            let store = Store::open(file, environment)?;
            store.state().check_environment(&file.into(), environment)?;
            Some(store)
        }
        None => None,
    };
    let what = match file {
        Some(file) => {
            let name = file.file_name().unwrap_or_default();
            format!("state push {}", name.to_string_lossy())
        }
        None => "state push: what was lost".into(),
    };
    let note = change_note(what, &destination);
    let state = store.as_ref().map(Store::state);
    let state_ref = StateRef::open(&destination.git_ref)?;
    let state = state_ref.restore(state.as_ref(), &note)?;
    let serial = state.serial;
    let output = &context.output;
    output.document(&json!({"ref": location.to_string(), "serial": serial}))?;
    output.status("Pushed", &format!("`{location}` has serial {serial}"));
    if let StateLocation::File(path) = &destination.state {
        let path = path.display();
        output.warning(
            &Failure::new(format!("deploys still use `{path}`"))
                .help("write `state = \"git\"` in `[workspace.metadata.machinist]`"),
        );
    }
    Ok(())
}

fn unlock(args: &Unlock, context: &Context) -> Result<(), Failure> {
    let destination = destinations::of_state_source(&args.source, context)?;
    let git_ref = git_ref_in_use(&destination, "the lock of a file ends with its process")?;
    let state_ref = StateRef::open(git_ref)?;
    let (output, location) = (&context.output, &destination.state);
    let Some(holder) = state_ref.holder()? else {
        output.document(&json!({"broken": null}))?;
        output.status(
            "Unlocked",
            &format!("nobody holds the lock of `{location}`"),
        );
        return Ok(());
    };
    if args
        .process
        .as_ref()
        .is_some_and(|process| *process != holder.process)
    {
        return Err(
            Failure::new(format!("another holds the lock: {holder}")).help("wait until it is done")
        );
    }
    if !args.yes {
        let question = format!(
            "Break the lock of {holder}, which last changed something at {}? What it runs goes on",
            holder.last_seen
        );
        match output.ask(&question) {
            Some(true) => {}
            Some(false) => return Err(Failure::new("stopped: nothing was done")),
            None => {
                return Err(
                    Failure::new("cannot ask for confirmation: there is no terminal")
                        .help("make sure that it is not running any more, then pass `--yes`")
                        .note(format!(
                            "the lock is held by {holder}, which last changed something at {}",
                            holder.last_seen
                        )),
                );
            }
        }
    }
    state_ref.unlock(&holder)?;
    output.document(&json!({"broken": {
        "by": holder.by, "host": holder.host, "process": holder.process,
        "since": holder.since, "last_seen": holder.last_seen, "what": holder.what,
    }}))?;
    output.status(
        "Unlocked",
        &format!("`{location}`, which was in use by {holder}"),
    );
    Ok(())
}

/// The ref, if the state is on one.
fn git_ref_in_use<'d>(
    destination: &'d Destination,
    otherwise: &str,
) -> Result<&'d GitRef, Failure> {
    match &destination.state {
        StateLocation::Git(git_ref) => Ok(git_ref),
        StateLocation::File(path) => Err(Failure::new(format!(
            "the state is in the file `{}`, and not on git",
            path.display()
        ))
        .help(format!("pass `--state git`; {otherwise}"))),
    }
}
