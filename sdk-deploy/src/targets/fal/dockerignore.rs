//! `.dockerignore`: which files of a folder are not part of the context.
//!
//! The rules are Docker's, as `moby/patternmatcher` has them: the last rule that matches a path
//! decides, and what matches a folder matches all that is in it. Git's rules are others: there a
//! name without `/` matches in every folder.

mod pattern;

use std::fs;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;
use machinist_core::text::visible;

use super::slashes::with_slashes;
use crate::file::cannot_read;
use pattern::Pattern;

/// The name of the file in the context.
pub(super) const DOCKERIGNORE: &str = ".dockerignore";

/// The rules of a `.dockerignore`.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    /// Whether it begins with `!`: what matches is part of the context after all.
    is_exception: bool,
}

impl Ignore {
    /// Reads the file of a `Dockerfile` and its context; `None` if there is none.
    pub(super) fn read(dockerfile: &Path, context: &Path) -> Result<Option<Self>, Problem> {
        let Some(file) = find(dockerfile, context) else {
            return Ok(None);
        };
        let shown_file = file.display();
        let text = fs::read_to_string(&file).map_err(|error| cannot_read(&file, &error))?;
        Self::parse(&text).map(Some).map_err(|line| {
            let text = text.lines().nth(line).unwrap_or_default();
            Problem::new(format!(
                "`{shown_file}:{}` has a malformed pattern: `{}`",
                line + 1,
                visible(text.trim())
            ))
            .help("close each `[`, and put something after `!` and `\\`")
        })
    }

    /// The rules of a text, or else the line of a malformed one, from 0.
    fn parse(text: &str) -> Result<Self, usize> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let line = line.trim();
            let (is_exception, path) = match line.strip_prefix('!') {
                Some(path) => (true, path.trim()),
                None => (false, line),
            };
            if path.is_empty() {
                return Err(number);
            }
            let pattern = Pattern::parse(&cleaned(path)).ok_or(number)?;
            rules.push(Rule {
                pattern,
                is_exception,
            });
        }
        Ok(Self { rules })
    }

    /// Whether a path of the context is left out.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        let path = with_slashes(path);
        let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        let mut matched = vec![false; self.rules.len()];
        let mut is_excluded = false;
        for path in parents.chain([&*path]) {
            is_excluded = false;
            for (rule, is_matched) in self.rules.iter().zip(&mut matched) {
                // As in Docker, a rule that would change nothing is not tried, and does not count
                // for what is in a folder either.
                let changes_something = rule.is_exception == is_excluded;
                *is_matched |= changes_something && rule.pattern.matches(path);
                if *is_matched {
                    is_excluded = !rule.is_exception;
                }
            }
        }
        is_excluded
    }

    /// Whether files of an excluded folder may be part of the context.
    pub(super) fn has_exceptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.is_exception)
    }
}

/// The file of a `Dockerfile` takes precedence over the context's.
fn find(dockerfile: &Path, context: &Path) -> Option<PathBuf> {
    let mut beside = dockerfile.file_name().unwrap_or_default().to_owned();
    beside.push(DOCKERIGNORE);
    let files = [
        dockerfile.with_file_name(beside),
        context.join(DOCKERIGNORE),
    ];
    files.into_iter().find(|file| file.is_file())
}

/// A path without `.`, `..` and needless `/`; a leading `/` is the context.
fn cleaned(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            ".." if path.starts_with('/') => {}
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(text: &str, path: &str) -> bool {
        Ignore::parse(text).unwrap().excludes(Path::new(path))
    }

    /// The cases of `moby/patternmatcher`'s own tests.
    #[test]
    fn patterns_mean_what_they_mean_to_docker() {
        for (pattern, path, expected) in [
            ("**", "file", true),
            ("**", "file/", true),
            ("**/", "file", true),
            ("**", "dir/file", true),
            ("**/", "dir/file", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("**/dir", "dir/file", true),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/*", "dir/dir2/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir2/file", true),
            ("**file", "file", true),
            ("**file", "dir/file", true),
            ("**file", "dir/dir/file", true),
            ("**/file", "dir/file", true),
            ("**/file*", "dir/file.txt", true),
            ("**/file*txt", "dir/dir/file.txt", true),
            ("**/file*.txt*", "dir/dir/file.txt", true),
            ("**/**/*.txt", "dir/dir/file.txt", true),
            ("**/**/*.txt2", "dir/dir/file.txt", false),
            ("**/*.txt", "file.txt", true),
            ("a**/*.txt", "a/file.txt", true),
            ("a**/*.txt", "a/dir/dir/file.txt", true),
            ("a/*.txt", "a/dir/file.txt", false),
            ("a/*.txt", "a/file.txt", true),
            ("a/*.txt**", "a/file.txt", true),
            ("a[b-d]e", "ae", false),
            ("a[b-d]e", "ace", true),
            ("a[b-d]e", "aae", false),
            ("a[^b-d]e", "aze", true),
            (".*", ".foo", true),
            (".*", "foo", false),
            ("abc.def", "abcdef", false),
            ("abc.def", "abcZdef", false),
            ("abc?def", "abcZdef", true),
            ("abc?def", "abcdef", false),
            ("a\\\\", "a\\", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("**/foo/bar", "foo/bar", true),
            ("**/foo/bar", "dir/dir2/foo/bar", true),
            ("abc/**", "abc", false),
            ("abc/**", "abc/def/ghi", true),
            ("**/.foo", ".foo", true),
            ("**/.foo", "bar.foo", false),
            ("a(b)c/def", "a(b)c/def", true),
            ("a(b)c/def", "a(b)c/xyz", false),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
            ("dist/*.whl", "dist/proxy.py-2.4.0rc3+g08-any.whl", true),
            ("*", "abc", true),
            ("a*", "ab/c", true),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[x\\-]", "-", true),
            ("[x\\-]", "z", false),
            ("*x", "xxx", true),
        ] {
            assert_eq!(excludes(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn malformed_patterns_are_found_with_their_line() {
        for pattern in [
            "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "\\", "!", "! ",
        ] {
            let text = format!("fine\n\n{pattern}\n");
            assert_eq!(Ignore::parse(&text).unwrap_err(), 2, "{pattern}");
        }
    }

    #[test]
    fn the_last_rule_that_matches_decides() {
        for (text, path, expected) in [
            ("**\n!util/docker/web", "util/docker/web/foo", false),
            (
                "**\n!util/docker/web\nutil/docker/web/foo",
                "util/docker/web/foo",
                true,
            ),
            ("**\n!dist/*.whl", "dist/a.whl", false),
            ("*\n!src\n", "src/main.rs", false),
            ("*\n!src\n", "models/a", true),
            ("models\n!models/small", "models/small/a", false),
            ("models\n!models/small", "models/large", true),
            // Seen in Docker: the exception does not count for the folder, so not for its files.
            ("**/*.md\n!docs", "docs/a.md", true),
            ("**/*.md\n!docs/**", "docs/a.md", false),
        ] {
            assert_eq!(excludes(text, path), expected, "{text} {path}");
        }
    }

    #[test]
    fn lines_are_read_as_docker_reads_them() {
        let text =
            "\u{feff}# a comment\r\n  /models/ \r\n./a/../b//c\n #not a comment\n!  /models/x\n\n";
        for (path, expected) in [
            ("models/y", true),
            ("models/x", false),
            ("deep/models", false),
            ("b/c", true),
            ("a", false),
            ("#not a comment", true),
        ] {
            assert_eq!(excludes(text, path), expected, "{path}");
        }
    }

    #[test]
    fn the_file_of_a_dockerfile_is_stronger_than_the_contexts() {
        let folder = tempfile::tempdir().unwrap();
        let dockerfile = folder.path().join("llm.Dockerfile");
        let read = || Ignore::read(&dockerfile, folder.path()).unwrap();
        let excludes = |path: &str| read().map(|ignore| ignore.excludes(Path::new(path)));
        assert_eq!(excludes("a"), None);
        fs::write(folder.path().join(".dockerignore"), "a").unwrap();
        assert_eq!((excludes("a"), excludes("b")), (Some(true), Some(false)));
        fs::write(folder.path().join("llm.Dockerfile.dockerignore"), "b").unwrap();
        assert_eq!((excludes("a"), excludes("b")), (Some(false), Some(true)));
        fs::write(folder.path().join("llm.Dockerfile.dockerignore"), "b\n[").unwrap();
        let problem = Ignore::read(&dockerfile, folder.path()).unwrap_err();
        assert!(
            problem
                .message
                .ends_with("llm.Dockerfile.dockerignore:2` has a malformed pattern: `[`"),
            "{problem:?}"
        );
    }
}
