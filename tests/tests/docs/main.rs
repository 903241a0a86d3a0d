//! The documentation is what the code says: its tables, its pictures and what commands answer are
//! made anew and compared. `UPDATE_DOCS=1` writes what differs.

mod architecture;
mod catalogue;
mod commands;
mod formats;
mod golden;
mod help;
mod keys;
mod links;
mod markdown;
mod pages;
mod parameters;
mod parts;
mod picture;
mod project;
mod readme;
mod requirements;
mod session;
mod table;
mod targets;

use std::fs;
use std::path::Path;

use machinist_tests::{read, repository, write};

use crate::picture::PICTURES;

/// Compares a file with what it is to be, or writes it.
fn check(file: &Path, expected: &str) -> Result<(), String> {
    let found = fs::read_to_string(file).unwrap_or_default();
    if found.replace("\r\n", "\n") == expected {
        return Ok(());
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        write(file, expected);
        return Ok(());
    }
    Err(format!(
        "{} is not what the code says: write it anew with UPDATE_DOCS=1",
        file.display()
    ))
}

#[track_caller]
fn report(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn generated_parts_are_what_the_code_says() {
    let mut problems = Vec::new();
    for page in pages::all() {
        match parts::filled(&read(&page)) {
            Ok(expected) => problems.extend(check(&page, &expected).err()),
            Err(problem) => problems.push(format!("{}: {problem}", page.display())),
        }
    }
    report(&problems);
}

/// The parts that their pages would be useless without.
const REQUIRED: [(&str, &[&str]); 6] = [
    ("README.md", &["file main.rs"]),
    (
        "docs/src/attribute.md",
        &[
            "keys",
            "parameters code",
            "parameters scaling",
            "requirements",
        ],
    ),
    (
        "sdk/src/attribute.md",
        &[
            "keys",
            "parameters code",
            "parameters scaling",
            "requirements",
        ],
    ),
    ("docs/src/machines.md", &["catalogue", "workloads"]),
    ("docs/src/command.md", &["command"]),
    (
        "docs/src/formats.md",
        &["schema App", "file state.json", "file plan.json"],
    ),
];

#[test]
fn pages_have_their_generated_parts() {
    for (page, parts) in REQUIRED {
        let text = read(&repository().join(page));
        for part in parts {
            assert!(parts::is_in(part, &text), "{page} has no `{part}`");
        }
    }
}

#[test]
fn pictures_are_what_is_printed() {
    let pictures = PICTURES.iter().filter_map(|(path, make)| {
        let file = repository().join(path);
        check(&file, &make()).err()
    });
    report(&pictures.collect::<Vec<_>>());
}
