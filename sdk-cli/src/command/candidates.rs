//! `cargo machinist candidates`, which completion scripts run: the names that may stand at the end of
//! a command line, where only the project knows them.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, Command};
use machinist_core::parameter::{Group, PARAMETERS};
use machinist_deploy::{Store, TARGETS, environment_names};

use crate::args::deployment::{DeployedState, StateFile};
use crate::args::globals::environment;
use crate::context::Context;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::raw_args::values_of;
use crate::workspace::Workspace;

/// Print the names that complete a command line, for completion scripts
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The words of the command line; the last one is completed
    #[arg(last = true, value_name = "WORD")]
    words: Vec<String>,
}

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist candidates -- cargo machinist scale ll";

/// What stands at a place of a command line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    App,
    Environment,
    ScalingKey,
    /// A key with a value that is still to be typed.
    ScalingKeyAndValue,
    Target,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let cli = (context.describe_cli)();
    let words = own_words(&args.words);
    let Some((last, before)) = words.split_last() else {
        return Ok(Exit::Differs);
    };
    let Some(kind) = kind_at_end(&cli, before, last) else {
        // The script's own words complete this place.
        return Ok(Exit::Differs);
    };
    let names = names(kind, before).into_iter();
    let names: String = names
        .filter(|name| name.starts_with(last.as_str()))
        .map(|name| name + "\n")
        .collect();
    context.output.data(&names)?;
    Ok(Exit::Success)
}

/// The words after `cargo machinist`, `cargo +nightly machinist` or `cargo-machinist`.
fn own_words(words: &[String]) -> &[String] {
    let is_command = |word: &String| {
        let name = Path::new(word).file_stem().unwrap_or_default();
        name == "machinist" || name == "cargo-machinist"
    };
    let start = words.iter().take(3).position(is_command);
    &words[start.map_or(0, |start| start + 1)..]
}

/// What kind of name the word after `before` is; `None` if no name of the project.
fn kind_at_end(cli: &Command, before: &[String], last: &str) -> Option<Kind> {
    let globals: Vec<&Arg> = cli.get_arguments().collect();
    let mut subcommand: Option<&Command> = None;
    let mut positionals = 0;
    let mut option: Option<&Arg> = None;
    for word in before {
        if word == "--" {
            return None;
        }
        // bash takes `--target=fal` for three words.
        if word == "=" {
            continue;
        }
        let known = subcommand.into_iter().flat_map(Command::get_arguments);
        let known = known.chain(globals.iter().copied());
        if let Some(name) = word.strip_prefix('-') {
            option = find_option(known, name.trim_start_matches('-'));
        } else if option.take().is_none() {
            match subcommand {
                None => subcommand = cli.find_subcommand(word),
                Some(_) => positionals += 1,
            }
        }
    }
    if last.starts_with('-') {
        return None;
    }
    if let Some(option) = option {
        return kind_of(option);
    }
    let mut of_subcommand = subcommand?.get_positionals().filter(|it| !it.is_last_set());
    let several = |it: &&Arg| {
        it.get_num_args()
            .is_some_and(|count| count.max_values() > 1)
    };
    let is_list = |it: &&Arg| several(it) || matches!(it.get_action(), ArgAction::Append);
    let mut before_it = 0;
    of_subcommand
        .find(|it| {
            let is_here = positionals == before_it || is_list(it);
            before_it += 1;
            is_here
        })
        .and_then(kind_of)
}

/// An option that takes the next word.
fn find_option<'a>(known: impl Iterator<Item = &'a Arg>, name: &str) -> Option<&'a Arg> {
    // `--target=fal` has its value.
    let mut known = known.filter(|_| !name.contains('='));
    let option = known.find(|arg| {
        let is_short = arg
            .get_short()
            .is_some_and(|short| name == short.to_string());
        arg.get_long() == Some(name) || is_short
    })?;
    let takes_value = matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
    (takes_value && !option.is_require_equals_set()).then_some(option)
}

/// What an argument takes, by the name of its value in the help.
fn kind_of(arg: &Arg) -> Option<Kind> {
    if arg.get_long() == Some("env") {
        return Some(Kind::Environment);
    }
    let name = arg.get_value_names()?.first()?;
    match name.as_str() {
        "APP" | "OLD" => Some(Kind::App),
        "KEY" => Some(Kind::ScalingKey),
        "KEY=VALUE" => Some(Kind::ScalingKeyAndValue),
        "TARGET" => Some(Kind::Target),
        _ => None,
    }
}

/// The names of a kind. Nothing is built and no platform is asked: a person waits for them.
fn names(kind: Kind, before: &[String]) -> Vec<String> {
    let scaling = PARAMETERS.iter().filter(|it| it.group == Group::Scaling);
    let scaling = scaling.map(|parameter| parameter.key.as_str());
    match kind {
        Kind::App => apps(before).unwrap_or_default(),
        Kind::Environment => environments(before),
        Kind::ScalingKey => scaling.map(str::to_owned).collect(),
        Kind::ScalingKeyAndValue => scaling.map(|key| format!("{key}=")).collect(),
        Kind::Target => TARGETS.iter().map(|&target| target.to_owned()).collect(),
    }
}

/// The apps that are deployed, and those that the settings name.
fn apps(before: &[String]) -> Result<Vec<String>, Failure> {
    let target = value_of(before, "--target").filter(|name| TARGETS.contains(&&**name));
    let state = DeployedState {
        target,
        file: StateFile {
            state: value_of(before, "--state").map(Into::into),
        },
        manifest_path: value_of(before, "--manifest-path").map(Into::into),
    };
    let mut names = Vec::new();
    for destination in destinations::of_state(&state, environment(value_of(before, "--env")))? {
        let deployed =
            Store::read(destination.state.clone())?.deployed_to(&destination.target_name);
        names.extend(deployed.apps.into_keys());
        let of_settings = destination.settings.apps().map(|(app, _)| app.to_owned());
        names.extend(of_settings);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn environments(before: &[String]) -> Vec<String> {
    let manifest_path = value_of(before, "--manifest-path");
    let workspace = Workspace::find(manifest_path.as_deref().map(Path::new));
    let workspace = workspace.ok().flatten();
    workspace.map_or_else(Vec::new, |it| environment_names(&it.cargo_tomls))
}

/// The value of a flag, also where bash made several words of it.
fn value_of(before: &[String], flag: &str) -> Option<String> {
    let words = before.iter().filter(|word| *word != "=");
    let words: Vec<OsString> = words.map(OsString::from).collect();
    values_of(&words, flag).into_iter().next()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn kind(line: &str) -> Option<Kind> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (last, before) = own_words(&words).split_last().unwrap();
        kind_at_end(&Cli::command(), before, last)
    }

    #[test]
    fn the_place_says_what_is_completed() {
        for (line, expected) in [
            ("cargo machinist scale ", Some(Kind::App)),
            ("cargo +nightly machinist ls -v ", Some(Kind::App)),
            ("cargo-machinist rm --state x.json l", Some(Kind::App)),
            ("cargo machinist mv l", Some(Kind::App)),
            ("cargo machinist mv llm n", None),
            ("cargo machinist plan a b c", Some(Kind::App)),
            ("cargo machinist deploy --reset-scaling l", Some(Kind::App)),
            ("cargo machinist deploy --jobs 4 l", Some(Kind::App)),
            ("cargo machinist deploy --wait l", Some(Kind::App)),
            (
                "cargo machinist scale llm k",
                Some(Kind::ScalingKeyAndValue),
            ),
            (
                "cargo machinist scale llm keep_alive=1m m",
                Some(Kind::ScalingKeyAndValue),
            ),
            (
                "cargo machinist scale llm --reset k",
                Some(Kind::ScalingKey),
            ),
            ("cargo machinist deploy --target f", Some(Kind::Target)),
            ("cargo machinist deploy --target = f", Some(Kind::Target)),
            ("cargo machinist deploy --state f", None),
            ("cargo machinist deploy --", None),
            ("cargo machinist logs llm -- l", None),
            ("cargo machinist l", None),
            ("cargo machinist machines G", None),
        ] {
            assert_eq!(kind(line), expected, "{line}");
        }
    }
}
