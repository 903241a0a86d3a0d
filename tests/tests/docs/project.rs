//! The project that the pages show, and what commands answer in it.

use std::path::Path;
use std::process::Output;

use machinist_tests::{Workspace, machinist, read, write};

/// The example of the README and of the book.
pub(crate) const MAIN: &str = "src/main.rs";

/// A copy of `tests/fixtures/docs`.
pub(crate) struct Project(Workspace);

impl Project {
    /// As it is in git, in a folder of this name.
    pub(crate) fn new(name: &str) -> Self {
        let root = format!(concat!(env!("CARGO_TARGET_TMPDIR"), "/docs-{}"), name);
        let workspace = Workspace::fixture("docs", &*root).with(&[
            // This repository is around it, and its commits are not the project's.
            ("GIT_CEILING_DIRECTORIES", &*root),
            // Only who asks for colors gets them.
            ("CARGO_TERM_COLOR", "never"),
            ("CLICOLOR_FORCE", ""),
        ]);
        let project = Self(workspace);
        // An earlier run changed it and built that, so that cargo takes what was copied for old.
        project.write(MAIN, &project.read(MAIN));
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.root()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        read(&self.root().join(path))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write(&self.root().join(path), text);
    }

    /// Replaces a part of a file.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, &text.replace(from, to));
    }

    /// Puts other settings in the place of those in its Cargo.toml.
    pub(crate) fn set_settings(&self, settings: &str) {
        const AFTER: &str = "[workspace.dependencies]";
        let text = self.read("Cargo.toml");
        let (before, rest) = text.split_once("[workspace.metadata").unwrap();
        let (_, after) = rest.split_once(AFTER).unwrap();
        self.write("Cargo.toml", &format!("{before}{settings}\n{AFTER}{after}"));
    }

    /// A command line, as if typed here.
    pub(crate) fn run(&self, line: &str) -> Output {
        let words: Vec<&str> = line.split(' ').collect();
        match &*words {
            ["cargo", "machinist", ..] => self.0.run(machinist(), &words[1..]),
            ["cargo", arguments @ ..] => self.0.cargo(arguments),
            _ => panic!("`{line}` is not a command of cargo"),
        }
    }

    /// Command lines with what each answers.
    pub(crate) fn transcript(&self, lines: &[&str]) -> String {
        let answers = lines.iter().map(|line| {
            let output = self.run(line);
            let said = [&*output.stdout, &*output.stderr].concat();
            format!("$ {line}\n{}", stable(&String::from_utf8(said).unwrap()))
        });
        answers.collect::<Vec<_>>().join("\n")
    }
}

/// What a command says, without the progress of cargo, with one time for all times, and as if it
/// took no time.
pub(crate) fn stable(said: &str) -> String {
    const PROGRESS: [&str; 8] = [
        "Adding",
        "Blocking",
        "Compiling",
        "Downloaded",
        "Downloading",
        "Finished",
        "Locking",
        "Updating",
    ];
    let lines = said.lines().filter(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        !PROGRESS.contains(&first)
    });
    lines
        .map(|line| without_minutes(&with_one_time(line)) + "\n")
        .collect()
}

/// A line of a slow machine as a fast one has it.
fn without_minutes(line: &str) -> String {
    let Some((start, end)) = line.split_once(" ago") else {
        return line.to_owned();
    };
    let mut words = start.rsplitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("minute" | "minutes"), Some(_), before) => {
            format!("{} just now{end}", before.unwrap_or_default())
        }
        _ => line.to_owned(),
    }
}

/// A line with all times in RFC 3339 replaced.
fn with_one_time(line: &str) -> String {
    const TIME: &str = "2026-11-25T09:30:00Z";
    let is_time = |text: &str| {
        let same = |(c, pattern): (char, char)| match pattern {
            '0'..='9' => c.is_ascii_digit(),
            other => c == other,
        };
        text.chars().count() >= TIME.len() && text.chars().zip(TIME.chars()).all(same)
    };
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = if is_time(rest) {
            out += TIME;
            TIME.len()
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}
