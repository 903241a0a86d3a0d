//! The image that a `Dockerfile` makes: what it is based on, and what is installed in it.

use std::collections::BTreeMap;

use parse_dockerfile::{Command, FromInstruction, Instruction};

/// The image that a `Dockerfile` makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MadeImage {
    /// The image that it is based on; `None` if a build argument without a default names it.
    pub(crate) base: Option<String>,
    /// The platform of the base, if the file names one.
    pub(crate) platform: Option<String>,
    /// The packages that are installed with `apt-get`, `apt` or `apk`.
    pub(crate) packages: Vec<String>,
    /// The instructions of the image, without those of stages that it is not based on.
    pub(crate) text: String,
}

/// Reads a `Dockerfile`; `None` if it has no image or cannot be read.
pub(crate) fn made_image(dockerfile: &str) -> Option<MadeImage> {
    let parsed = parse_dockerfile::parse(dockerfile).ok()?;
    let stages = stages(&parsed.instructions, dockerfile.len());
    let arguments = arguments_before_stages(&parsed.instructions);
    let mut image = MadeImage::default();
    let mut index = stages.len().checked_sub(1)?;
    loop {
        let stage = &stages[index];
        image.add(stage, dockerfile);
        let base = expanded(&stage.from.image.value, &arguments);
        let is_base = |earlier: &Stage<'_, '_>| {
            let name = earlier.from.as_.as_ref().map(|(_, name)| &*name.value);
            let base = base.as_deref();
            name.zip(base)
                .is_some_and(|(name, base)| name.eq_ignore_ascii_case(base))
        };
        match stages[..index].iter().rposition(is_base) {
            Some(earlier) => index = earlier,
            None => {
                let platform = stage
                    .from
                    .options
                    .iter()
                    .find(|flag| flag.name.value == "platform");
                let platform = platform.and_then(|flag| flag.value.as_ref());
                image.platform = platform.and_then(|value| expanded(&value.value, &arguments));
                image.base = base;
                return Some(image);
            }
        }
    }
}

/// The instructions from one `FROM` to the next.
struct Stage<'a, 'text> {
    from: &'a FromInstruction<'text>,
    instructions: &'a [Instruction<'text>],
    /// Where its text begins and ends.
    start: usize,
    end: usize,
}

fn stages<'a, 'text>(
    instructions: &'a [Instruction<'text>],
    length: usize,
) -> Vec<Stage<'a, 'text>> {
    let mut stages: Vec<Stage<'a, 'text>> = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        let Instruction::From(from) = instruction else {
            continue;
        };
        let rest = &instructions[index + 1..];
        let is_from = |instruction: &Instruction<'_>| matches!(instruction, Instruction::From(_));
        let count = rest.iter().position(is_from).unwrap_or(rest.len());
        if let Some(before) = stages.last_mut() {
            before.end = from.from.span.start;
        }
        stages.push(Stage {
            from,
            instructions: &rest[..count],
            start: from.from.span.start,
            end: length,
        });
    }
    stages
}

/// The build arguments that `FROM` may use, with their defaults.
fn arguments_before_stages(instructions: &[Instruction<'_>]) -> BTreeMap<String, String> {
    let before = instructions
        .iter()
        .map_while(|instruction| match instruction {
            Instruction::From(_) => None,
            instruction => Some(instruction),
        });
    let texts = before.filter_map(|instruction| match instruction {
        Instruction::Arg(arg) => Some(arg.arguments.value.to_string()),
        _ => None,
    });
    let mut arguments = BTreeMap::new();
    for text in texts {
        for word in text.split_whitespace() {
            if let Some((name, value)) = word.split_once('=') {
                let value = value.trim_matches(['"', '\'']);
                arguments.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    arguments
}

/// A text with the values of `$NAME`, `${NAME}` and `${NAME:-default}`; `None` if one has no value.
fn expanded(text: &str, arguments: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        let (name, after) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                after.split_at(end)
            }
        };
        let (name, default) = match name.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (name, None),
        };
        out += arguments.get(name).map(String::as_str).or(default)?;
        rest = after;
    }
    Some(out + rest)
}

impl MadeImage {
    fn add(&mut self, stage: &Stage<'_, '_>, dockerfile: &str) {
        self.text += &dockerfile[stage.start..stage.end];
        for instruction in stage.instructions {
            let Instruction::Run(run) = instruction else {
                continue;
            };
            let mut words: Vec<String> = match &run.arguments {
                Command::Exec(words) => words
                    .value
                    .iter()
                    .map(|word| word.value.to_string())
                    .collect(),
                Command::Shell(text) => vec![text.value.to_owned()],
                _ => Vec::new(),
            };
            words.extend(run.here_docs.iter().map(|text| text.value.to_string()));
            self.packages.extend(installed_packages(&words.join(" ")));
        }
    }
}

/// The packages that a shell command installs.
fn installed_packages(command: &str) -> Vec<String> {
    let commands = command.replace("\\\n", " ").replace("\\\r\n", " ");
    let commands = commands.split(['\n', ';', '&', '|']);
    let installed = commands.flat_map(|command| {
        let words: Vec<&str> = command.split_whitespace().collect();
        let is_installer = |word: &&str| ["apt-get", "apt", "apk"].contains(word);
        let has_installer = words
            .iter()
            .any(|word| is_installer(&word.trim_start_matches("/usr/bin/")));
        let verb = words
            .iter()
            .position(|word| ["install", "add"].contains(word));
        let packages = verb
            .filter(|_| has_installer)
            .map_or(&[][..], |verb| &words[verb + 1..]);
        let packages = packages.iter().filter(|word| !word.starts_with('-'));
        // `name=version` and `name:architecture`.
        let name = |word: &&str| word.split(['=', ':']).next().unwrap_or_default().to_owned();
        packages.map(name).collect::<Vec<String>>()
    });
    installed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(dockerfile: &str) -> Option<String> {
        made_image(dockerfile)?.base
    }

    #[test]
    fn the_last_stage_and_what_it_is_based_on_make_the_image() {
        for (dockerfile, expected) in [
            ("FROM debian:bookworm-slim\n", Some("debian:bookworm-slim")),
            (
                "FROM rust:1 AS build\nRUN cargo build\nFROM ubuntu:22.04\nCOPY --from=build /p /p\n",
                Some("ubuntu:22.04"),
            ),
            (
                "FROM debian:12 AS base\nFROM rust AS build\nFROM Base\n",
                Some("debian:12"),
            ),
            ("ARG TAG=24.04\nFROM ubuntu:${TAG}\n", Some("ubuntu:24.04")),
            (
                "ARG IMAGE=\"ubuntu\" TAG=22.04\nFROM $IMAGE:$TAG AS p\n",
                Some("ubuntu:22.04"),
            ),
            ("FROM ubuntu:${TAG:-20.04}\n", Some("ubuntu:20.04")),
            ("ARG TAG\nFROM ubuntu:$TAG\n", None),
            ("# nothing\n", None),
        ] {
            assert_eq!(base(dockerfile).as_deref(), expected, "{dockerfile}");
        }
        let arm = made_image("FROM --platform=linux/arm64 debian\n").unwrap();
        assert_eq!(arm.platform.as_deref(), Some("linux/arm64"));
    }

    #[test]
    fn packages_of_the_image_are_found_and_others_are_not() {
        let image = made_image(
            "FROM rust AS build\nRUN apt-get install -y libclang-dev\n\
             FROM debian AS base\nRUN apt-get update && apt-get install -y --no-install-recommends \\\n\
             \x20   libssl3 ca-certificates=2023 \\\n    && rm -rf /var/lib/apt/lists/*\n\
             FROM base\nRUN [\"apt\", \"install\", \"-y\", \"libpq5:amd64\"]\n\
             RUN <<EOF\napk add zlib\necho install nothing\nEOF\n",
        );
        assert_eq!(
            image.unwrap().packages,
            ["libpq5", "zlib", "libssl3", "ca-certificates"]
        );
    }
}
