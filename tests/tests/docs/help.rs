//! What `--help` says, of the command and of every subcommand.

use std::process::Command;

use machinist_tests::stdout;

use crate::table::{block, code, table};

/// A section for the command itself and for each subcommand.
pub(crate) fn pages() -> String {
    let mut out = section("cargo machinist", &[]);
    for subcommand in subcommands() {
        out += "\n";
        let words: Vec<&str> = subcommand.split(' ').collect();
        out += &section(&format!("cargo machinist {subcommand}"), &words);
    }
    out
}

fn section(title: &str, subcommand: &[&str]) -> String {
    format!("## `{title}`\n\n{}", block("text", &help(subcommand)))
}

/// What `--help` of the command or of a subcommand says.
pub(crate) fn help(subcommand: &[&str]) -> String {
    let mut command = Command::new(machinist_tests::machinist());
    command.arg("machinist").args(subcommand).arg("--help");
    // Where there is no terminal, as wide as this.
    command.env("COLUMNS", "100").env("CLICOLOR_FORCE", "");
    let help = stdout(&command.output().unwrap());
    help.lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Every subcommand, and those of a subcommand, as `state show`.
pub(crate) fn subcommands() -> Vec<String> {
    let names = names_in(&help(&[])).into_iter();
    let with_nested = names.flat_map(|name| {
        let nested = names_in(&help(&[&name])).into_iter();
        let nested: Vec<String> = nested.map(|nested| format!("{name} {nested}")).collect();
        std::iter::once(name).chain(nested)
    });
    with_nested.collect()
}

/// The subcommands that a help lists.
fn names_in(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// What each exit code means.
pub(crate) fn exit_codes() -> String {
    let help = help(&[]);
    let (_, list) = help.split_once("Exit codes:\n").unwrap();
    let lines = list.lines().take_while(|line| !line.is_empty());
    let rows = lines.map(|line| {
        let (number, meaning) = line.trim().split_once(' ').unwrap();
        [code(number), meaning.trim().into()]
    });
    table(["exit code", "meaning"], rows)
}
