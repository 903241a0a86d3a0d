//! Command lines that errors and warnings advise: they are about the deployment that the user's own
//! command line names.

use std::ffi::OsString;

use machinist_deploy::{TARGETS, shell_word};

use crate::failure::Failure;

/// The subcommands that take the flags of a deployment.
const SUBCOMMANDS: [&str; 7] = [
    "apps", "deploy", "destroy", "mv", "plan", "rollback", "scale",
];

const START: &str = "`cargo machinist ";

/// The flags that say which deployment a command line is about, as they were typed.
#[derive(Debug, Default)]
pub(crate) struct DeploymentFlags(Vec<(&'static str, String)>);

impl DeploymentFlags {
    /// Reads them out of a command line, whatever else it says.
    pub(crate) fn of(args: &[OsString]) -> Self {
        let args: Vec<String> = args
            .iter()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect();
        let find = |flag: &'static str| {
            let value = args.iter().enumerate().find_map(|(i, arg)| {
                let rest = arg.strip_prefix(flag)?;
                match rest.strip_prefix('=') {
                    Some(value) => Some(value.to_owned()),
                    None if rest.is_empty() => args.get(i + 1).cloned(),
                    None => None,
                }
            })?;
            // cargo has a flag of this name too.
            (flag != "--target" || TARGETS.contains(&&*value)).then_some((flag, value))
        };
        let flags = ["--target", "--state", "--manifest-path"];
        Self(flags.into_iter().filter_map(find).collect())
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

    fn add_to_text(&self, text: &str) -> String {
        let mut parts = text.split(START);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out += START;
            let (command, rest) = part.split_at(part.find('`').unwrap_or(part.len()));
            out += command;
            let subcommand = command.split(' ').next().unwrap_or_default();
            for (flag, value) in &self.0 {
                if SUBCOMMANDS.contains(&subcommand) && !command.contains(flag) {
                    out += &format!(" {flag} {}", shell_word(value));
                }
            }
            out += rest;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(args: &[&str]) -> DeploymentFlags {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        DeploymentFlags::of(&args)
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
    fn a_target_is_one_of_ours() {
        let advised = "`cargo machinist destroy a`";
        assert_eq!(
            flags(&["deploy", "--target", "fal"]).add_to_text(advised),
            "`cargo machinist destroy a --target fal`"
        );
        for args in [&["deploy", "--target"][..], &["deploy", "--target-dir=fal"]] {
            assert_eq!(flags(args).add_to_text(advised), advised);
        }
    }
}
