//! What `--help` says, of the command and of every subcommand.

use std::process::Command;

use machinist_tests::stdout;

use crate::table::{block, code, table};

/// A section for the command itself and for each subcommand.
pub(crate) fn pages() -> String {
    let mut out = section("cargo machinist", &[]);
    for subcommand in subcommands() {
        out += "\n";
        out += &section(&format!("cargo machinist {subcommand}"), &[&subcommand]);
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

/// Every subcommand.
pub(crate) fn subcommands() -> Vec<String> {
    let help = help(&[]);
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let lines = list.lines().take_while(|line| !line.is_empty());
    // A description may go on in a line that begins with more spaces.
    let entries = lines.filter_map(|line| line.strip_prefix("  "));
    let entries = entries.filter(|entry| !entry.starts_with(' '));
    let names = entries.filter_map(|entry| entry.split_whitespace().next());
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
