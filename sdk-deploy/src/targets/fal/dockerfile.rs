//! What a `Dockerfile` copies from its context.
//!
//! fal's client sends the files that it finds in the instructions. It passes over what it does not
//! find, and the deploy succeeds without it, so that is an error here.

use std::fmt::Display;
use std::path::{Component, Path, PathBuf};

use machinist_core::problem::Problem;
use parse_dockerfile::{Instruction, Source};

use super::client;
use crate::file::cannot_read;

/// A path that an instruction copies.
pub(super) struct CopiedPath<'a> {
    /// The path in the context; empty for the whole context.
    pub(super) path: PathBuf,
    /// As it is written.
    pub(super) source: String,
    place: Place<'a>,
}

/// An instruction.
#[derive(Clone, Copy)]
struct Place<'a> {
    dockerfile: &'a Path,
    line: usize,
}

impl Place<'_> {
    fn problem(self, what: impl Display) -> Problem {
        let Self { dockerfile, line } = self;
        Problem::new(format!("`{}:{line}` {what}", dockerfile.display()))
    }
}

impl CopiedPath<'_> {
    /// A problem with the place of the instruction.
    pub(super) fn problem(&self, what: impl Display) -> Problem {
        self.place.problem(what)
    }
}

/// The paths that a `Dockerfile` copies from the context.
pub(super) fn copied_paths<'a>(
    dockerfile: &'a Path,
    text: &str,
) -> Result<Vec<CopiedPath<'a>>, Problem> {
    let parsed = parse_dockerfile::parse(text).map_err(|error| cannot_read(dockerfile, &error))?;
    let found_by_client = client::copied_paths(text);
    let mut copied = Vec::new();
    for instruction in &parsed.instructions {
        let (start, options, sources) = match instruction {
            Instruction::Copy(copy) => (copy.copy.span.start, &copy.options, &copy.src),
            Instruction::Add(add) => (add.add.span.start, &add.options, &add.src),
            _ => continue,
        };
        if options.iter().any(|option| option.name.value == "from") {
            continue;
        }
        for source in sources {
            let Source::Path(source) = source else {
                continue;
            };
            if source.value.contains("://") {
                continue;
            }
            let path = copied_path(&source.value, dockerfile, &text[..start])?;
            if !found_by_client.contains(source.value.trim_start_matches('/')) {
                return Err(not_found_by_client(&path));
            }
            copied.push(path);
        }
    }
    Ok(copied)
}

/// A source of the instruction that has this text before it.
fn copied_path<'a>(
    source: &str,
    dockerfile: &'a Path,
    before: &str,
) -> Result<CopiedPath<'a>, Problem> {
    let place = Place {
        dockerfile,
        line: before.matches('\n').count() + 1,
    };
    if !before.is_empty() && !before.ends_with('\n') {
        return Err(place
            .problem("has an instruction that does not begin its line")
            .help("remove the text before it: fal's client does not find it there"));
    }
    if source.contains(['*', '?', '[', '$']) {
        return Err(place
            .problem(format_args!("copies `{source}`, a pattern"))
            .help(
                "name the files, or their folder: fal's client does not send what patterns mean",
            ));
    }
    let path = relative(source).ok_or_else(|| {
        place.problem(format_args!(
            "copies `{source}`, which is outside of its folder"
        ))
    })?;
    Ok(CopiedPath {
        path,
        source: source.into(),
        place,
    })
}

fn not_found_by_client(path: &CopiedPath<'_>) -> Problem {
    let what = format!("copies `{}`, which fal's client does not find", path.source);
    path.problem(what)
        .help(
            "write an instruction of its own, on one line, without quotes, and give the file a \
             name without `--`",
        )
        .note("the client would deploy without it")
}

/// A path within the context, as Docker and the client read it.
fn relative(source: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(source.trim_start_matches('/')).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str) -> Result<Vec<String>, Problem> {
        let paths = copied_paths(Path::new("Dockerfile"), text)?;
        let paths = paths.iter().map(|path| path.path.display().to_string());
        Ok(paths.collect())
    }

    #[test]
    fn paths_of_the_context_are_found_in_every_form() {
        let text = "FROM rust AS build\nCOPY . .\nRUN true\nFROM debian\n\
                    COPY --from=build /etc/os-release /\nADD https://example.com/x /x\n\
                    COPY --chown=1:1 p \\\n  /usr/local/bin/\nCOPY [\"a file\", \"models\", \"/srv/\"]\n\
                    copy <<EOF /hello\nhello\nEOF\nCOPY /deep/one.txt ./\nADD ./ /srv\n";
        let paths = copied(text).unwrap();
        assert_eq!(paths, ["", "p", "a file", "models", "deep/one.txt", ""]);
    }

    #[test]
    fn what_the_client_does_not_find_is_an_error() {
        for (instruction, line) in [
            ("COPY a \\\n# a comment\n  b /", 2),
            ("COPY a--b.txt /", 2),
            ("ADD https://example.com/x a /", 2),
            ("RUN true\nCOPY \"a\" /", 3),
        ] {
            let problem = copied(&format!("FROM debian\n{instruction}\n")).unwrap_err();
            let place = format!("`Dockerfile:{line}` copies `");
            assert!(problem.message.starts_with(&place), "{problem:?}");
            assert!(
                problem
                    .message
                    .ends_with("`, which fal's client does not find"),
                "{problem:?}"
            );
        }
        let problem = copied("# escape=`\nFROM debian\nCOPY a `\n  b /\n").unwrap_err();
        assert!(problem.message.contains("copies `b`"), "{problem:?}");
    }
}
