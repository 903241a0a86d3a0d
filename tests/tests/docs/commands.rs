//! Commands that pages name.

use std::collections::BTreeMap;

use machinist_tests::{read, repository};

use crate::help::{help, subcommands};
use crate::markdown::{blocks, lines};
use crate::{pages, report};

/// The command lines of `cargo machinist` in the code of a page, in words.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let code = lines(page)
        .into_iter()
        .filter(|(language, _)| matches!(*language, Some("sh" | "text")));
    let lines = code.filter_map(|(_, line)| {
        line.trim_start_matches("$ ")
            .strip_prefix("cargo machinist ")
    });
    // What follows is another command, or a remark.
    lines
        .map(|line| {
            line.split(['|', '#', '&', ';'])
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect()
        })
        .collect()
}

#[test]
fn commands_in_pages_have_these_flags() {
    let helps: BTreeMap<String, String> = subcommands()
        .into_iter()
        .map(|name| {
            let help = help(&name.split(' ').collect::<Vec<&str>>());
            (name, help)
        })
        .collect();
    let mut problems = Vec::new();
    for page in pages::all() {
        let text = read(&page);
        for words in commands(&text) {
            let nested = helps.get(&words.iter().take(2).copied().collect::<Vec<_>>().join(" "));
            let Some(help) = nested.or_else(|| helps.get(words[0])) else {
                problems.push(format!("{}: no subcommand `{}`", page.display(), words[0]));
                continue;
            };
            let flags = words.iter().filter(|word| word.starts_with('-'));
            let flags = flags.map(|flag| flag.split('=').next().unwrap_or_default());
            let has = |flag: &str| help.split([' ', ',', '\n']).any(|word| word == flag);
            let unknown = flags.filter(|flag| !has(flag));
            problems.extend(
                unknown.map(|flag| format!("{}: `{}` has no `{flag}`", page.display(), words[0])),
            );
        }
    }
    report(&problems);
}

/// `.ci/run` runs them.
#[test]
fn the_readme_has_two_commands_to_try() {
    let readme = read(&repository().join("README.md"));
    let (_, section) = readme.split_once("\n## Try it\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let commands = blocks(section, "sh");
    let commands: Vec<&str> = commands.iter().flat_map(|block| block.lines()).collect();
    assert_eq!(commands.len(), 2);
    assert!(commands[0].starts_with("cargo machinist "));
    assert_eq!(commands[1], "cargo test --workspace");
}
