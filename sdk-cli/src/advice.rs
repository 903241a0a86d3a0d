//! Command lines that errors and warnings advise: they are about the deployment that the user's own
//! command line names.

use std::cell::RefCell;
use std::ffi::OsString;

use machinist_deploy::{TARGETS, shell_word};

use crate::failure::Failure;
use crate::raw_args::values_of;

const START: &str = "`cargo machinist ";

/// The flag that chooses the environment.
const ENVIRONMENT: &str = "--env";

/// The flag that every subcommand of a deployment takes.
const STATE: &str = "state";

/// The flags that say which deployment a command line is about, as they were typed.
pub(crate) struct DeploymentFlags {
    flags: RefCell<Vec<(&'static str, String)>>,
    describe_cli: fn() -> clap::Command,
}

impl DeploymentFlags {
    /// Reads them out of a command line, whatever else it says.
    pub(crate) fn of(args: &[OsString], describe_cli: fn() -> clap::Command) -> Self {
        let find = |flag: &'static str| {
            let mut values = values_of(args, flag).into_iter();
            // cargo has a flag `--target` too.
            let is_ours = |value: &String| flag != "--target" || TARGETS.contains(&&**value);
            Some((flag, values.find(is_ours)?))
        };
        let flags = [ENVIRONMENT, "--target", "--state", "--manifest-path"];
        Self {
            flags: RefCell::new(flags.into_iter().filter_map(find).collect()),
            describe_cli,
        }
    }

    /// Adds an environment that neither a flag nor a variable chose: that of a kept plan.
    pub(crate) fn add_environment(&self, name: &str) {
        self.flags
            .borrow_mut()
            .insert(0, (ENVIRONMENT, name.into()));
    }

    /// The same report, with these flags in every command line that it advises.
    pub(crate) fn add_to(&self, report: &Failure) -> Failure {
        let add = |texts: &Vec<String>| texts.iter().map(|text| self.add_to_text(text)).collect();
        Failure {
            help: add(&report.help),
            note: add(&report.note),
            ..report.clone()
        }
    }

    /// The same of one text.
    pub(crate) fn add_to_text(&self, text: &str) -> String {
        let mut parts = text.split(START);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out += START;
            let (command, rest) = part.split_at(part.find('`').unwrap_or(part.len()));
            // What stands behind it is for the platform's tool.
            let (command, of_tool) =
                command.split_at(command.find(" -- ").unwrap_or(command.len()));
            out += command;
            for (flag, value) in &*self.flags.borrow() {
                // Every subcommand has an environment.
                let is_of_it = *flag == ENVIRONMENT || self.takes(command, flag);
                if is_of_it && !command.contains(flag) {
                    out += &format!(" {flag} {}", shell_word(value));
                }
            }
            out += of_tool;
            out += rest;
        }
        out
    }

    /// Whether a command line begins with a subcommand of a deployment, which takes this flag.
    fn takes(&self, command: &str, flag: &str) -> bool {
        let cli = (self.describe_cli)();
        let mut subcommand = &cli;
        for word in command.split(' ') {
            match subcommand.find_subcommand(word) {
                Some(nested) => subcommand = nested,
                None => break,
            }
        }
        let has = |name: &str| {
            let mut arguments = subcommand.get_arguments();
            arguments.any(|argument| argument.get_long() == Some(name))
        };
        has(STATE) && has(flag.trim_start_matches('-'))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn flags(args: &[&str]) -> DeploymentFlags {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        DeploymentFlags::of(&args, Cli::command)
    }

    #[test]
    fn an_advised_command_is_about_the_same_deployment() {
        let flags = flags(&[
            "plan",
            "--target=x86_64-unknown-linux-gnu",
            "--state",
            "my state.json",
        ]);
        let advised = "use `cargo machinist scale a --reset k`, or `cargo machinist machines`";
        assert_eq!(
            flags.add_to_text(advised),
            "use `cargo machinist scale a --reset k --state 'my state.json'`, or \
             `cargo machinist machines`"
        );
        let twice = flags.add_to_text(&flags.add_to_text(advised));
        assert_eq!(twice, flags.add_to_text(advised));
    }

    #[test]
    fn a_subcommand_of_a_subcommand_takes_flags_of_its_own() {
        let flags = flags(&["deploy", "--target=fal", "--state=git"]);
        assert_eq!(
            flags.add_to_text("`cargo machinist state unlock`"),
            "`cargo machinist state unlock --state git`"
        );
    }

    #[test]
    fn flags_stand_before_what_is_for_the_platforms_tool() {
        assert_eq!(
            flags(&["logs", "a", "--env=prod"])
                .add_to_text("`cargo machinist logs a -- --controller`"),
            "`cargo machinist logs a --env prod -- --controller`"
        );
    }

    #[test]
    fn a_target_is_one_of_ours() {
        let advised = "`cargo machinist destroy a`";
        assert_eq!(
            flags(&["deploy", "--target", "fal"]).add_to_text(advised),
            "`cargo machinist destroy a --target fal`"
        );
        let both = [
            "deploy",
            "--target",
            "x86_64-unknown-linux-gnu",
            "--target=fal",
        ];
        assert_eq!(
            flags(&both).add_to_text(advised),
            "`cargo machinist destroy a --target fal`"
        );
        for args in [&["deploy", "--target"][..], &["deploy", "--target-dir=fal"]] {
            assert_eq!(flags(args).add_to_text(advised), advised);
        }
    }
}
