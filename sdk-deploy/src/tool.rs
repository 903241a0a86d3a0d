//! Runs the platform's own tool, and reads its output.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use machinist_core::parameter::MAX_SECONDS;
use machinist_core::problem::Problem;
use machinist_core::unit::DURATION;

use crate::limits::{ANSWER_TIMEOUT, Limits, RUN_TIMEOUT};
use crate::process::{self, ProcessEnd};

/// A platform's own tool.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program, found in the `PATH`.
    pub program: &'static str,
    /// How to install it and sign in.
    pub install: &'static str,
}

/// A command of a platform's own tool.
///
/// ```
/// use machinist_deploy::{Tool, ToolCommand};
///
/// static FAL: Tool = Tool { program: "fal", install: "`pip install fal`" };
/// let args = vec!["deploy".into(), "my app".into()];
/// let command = ToolCommand { tool: &FAL, args, folder: None };
/// assert_eq!(command.to_string(), "fal deploy 'my app'");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCommand {
    /// The tool.
    pub tool: &'static Tool,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its working directory, in the rendering's folder; `None` for any.
    pub folder: Option<PathBuf>,
}

/// Why a command did not succeed.
pub(crate) struct RunError {
    pub(crate) problem: Problem,
    /// Whether it was started.
    pub(crate) has_started: bool,
    /// Whether it ended by itself, and said why.
    pub(crate) has_exited: bool,
}

/// As a shell command.
impl fmt::Display for ToolCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tool.program)?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", shell_word(arg)))
    }
}

/// A word, quoted for a shell if needed.
///
/// ```
/// use machinist_deploy::shell_word;
///
/// assert_eq!(shell_word("--bin=llm"), "--bin=llm");
/// assert_eq!(shell_word("it's"), r"'it'\''s'");
/// ```
pub fn shell_word(word: &str) -> String {
    let is_separator = |c: char| c == '\\' && cfg!(windows);
    let is_plain = |c: char| c.is_alphanumeric() || "-_=./:@,+%".contains(c) || is_separator(c);
    if word.chars().all(is_plain) && !word.is_empty() {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl ToolCommand {
    /// A command with these arguments and this working directory.
    pub(crate) fn new(tool: &'static Tool, args: &[&str], folder: Option<&str>) -> Self {
        Self {
            tool,
            args: args.iter().map(|&arg| arg.into()).collect(),
            folder: folder.map(PathBuf::from),
        }
    }

    /// Runs it in its working directory. All its output goes to stderr.
    ///
    /// # Errors
    ///
    /// When it is not installed, fails or takes too long, with the folder of its files.
    pub(crate) fn run(&self, folder: &Path, limits: Limits) -> Result<(), RunError> {
        self.run_in(folder, limits, |command| {
            process::run(command.stdout(io::stderr()), limits.run)
        })
    }

    /// Runs it in its working directory, and gives every line of its output to `on_line`.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub(crate) fn run_with_lines(
        &self,
        folder: &Path,
        limits: Limits,
        on_line: &mut dyn FnMut(String),
    ) -> Result<(), RunError> {
        self.run_in(folder, limits, |command| {
            without_forced_color(command);
            process::run_with_lines(command, limits.run, on_line)
        })
    }

    fn run_in(
        &self,
        folder: &Path,
        limits: Limits,
        run: impl FnOnce(&mut Command) -> io::Result<Option<ExitStatus>>,
    ) -> Result<(), RunError> {
        let mut command = self.command();
        let folder = self.folder.as_ref().map(|subfolder| folder.join(subfolder));
        if let Some(folder) = &folder {
            command.current_dir(folder);
        }
        let status = run(&mut command).map_err(|error| RunError {
            problem: match &folder {
                Some(folder) if !folder.is_dir() => Problem::new(format!(
                    "the folder `{}` is missing: {error}",
                    folder.display()
                )),
                _ => self.cannot_run(&error),
            },
            has_started: false,
            has_exited: false,
        })?;
        let problem = match status {
            Some(status) if status.success() => return Ok(()),
            Some(status) => self
                .failed(status)
                .help("see its output above, fix the cause and try again: what was done is kept"),
            None => self.timed_out(limits.run).help(format!(
                "see its output above; {}, and try again: what was done is kept",
                longer_limit(RUN_TIMEOUT, limits.run)
            )),
        };
        Err(RunError {
            problem: match folder {
                Some(folder) => problem.note(format!("its files are in `{}`", folder.display())),
                None => problem,
            },
            has_started: true,
            has_exited: status.is_some_and(|status| status.code().is_some()),
        })
    }

    /// Runs it, and gives its output on stdout.
    ///
    /// # Errors
    ///
    /// When it is not installed, fails, takes too long or writes too much, with its output.
    pub(crate) fn read(&self, limits: Limits) -> Result<String, Problem> {
        let mut command = self.command();
        without_forced_color(&mut command);
        let output = process::capture(&mut command, limits.answer)
            .map_err(|error| self.cannot_run(&error))?;
        let problem = match output.end {
            ProcessEnd::Exited(status) if status.success() => {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            ProcessEnd::Exited(status) => self.failed(status),
            ProcessEnd::TimedOut => self.timed_out(limits.answer).help(format!(
                "run it by itself to see why; {}",
                longer_limit(ANSWER_TIMEOUT, limits.answer)
            )),
            ProcessEnd::TooMuchOutput => Problem::new(format!(
                "`{self}` wrote more than {} MiB and was killed",
                process::OUTPUT_LIMIT >> 20
            ))
            .help("run it by itself to see why"),
        };
        let mut parts = vec![last_lines(&output.stderr), last_lines(&output.stdout)];
        parts.retain(|part| !part.is_empty());
        Err(with_output(problem, parts.join("\n")))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.tool.program);
        command.args(&self.args);
        command
    }

    fn cannot_run(&self, error: &io::Error) -> Problem {
        let Tool { program, install } = self.tool;
        let problem = Problem::new(format!("cannot run `{program}`: {error}"));
        match error.kind() {
            io::ErrorKind::NotFound => problem.help(format!(
                "install it with {install}, or add its folder to `PATH`"
            )),
            _ => problem,
        }
    }

    fn failed(&self, status: ExitStatus) -> Problem {
        Problem::new(format!("`{self}` failed ({status})"))
    }

    fn timed_out(&self, limit: Duration) -> Problem {
        Problem::new(format!(
            "`{self}` did not finish within {} and was killed; processes that it started may still run",
            duration_text(limit)
        ))
    }
}

/// How to give a tool more time.
pub(crate) fn longer_limit(key: &str, limit: Duration) -> String {
    format!(
        "if it needs more time, write `{key} = \"{}\"` in `[workspace.metadata.machinist]`",
        duration_text(limit.saturating_mul(2).min(MAX_LIMIT))
    )
}

pub(crate) fn duration_text(limit: Duration) -> String {
    DURATION.show(u32::try_from(limit.as_secs()).unwrap_or(u32::MAX))
}

/// A problem with a tool's output as a note.
pub(crate) fn with_output(problem: Problem, output: String) -> Problem {
    match output.is_empty() {
        true => problem,
        false => problem.note(format!("its output: {output}")),
    }
}

/// The end of a tool's output, where the reason of a failure is: whole lines, without those that
/// repeat another but for numbers, such as the times of several attempts.
fn last_lines(output: &[u8]) -> String {
    let end = &output[output.len().saturating_sub(READ_LENGTH)..];
    let end = String::from_utf8_lossy(end);
    let without_numbers = |line: &str| line.replace(|c: char| c.is_ascii_digit(), "");
    let mut seen = BTreeSet::new();
    let mut length = 0;
    let mut lines: Vec<String> = Vec::new();
    for line in end.trim().lines().rev() {
        if !seen.insert(without_numbers(line)) {
            continue;
        }
        length += line.len();
        if lines.len() == EXCERPT_LINES || (length > EXCERPT_LENGTH && !lines.is_empty()) {
            break;
        }
        lines.push(first_words(line));
    }
    lines.reverse();
    lines.join("\n")
}

/// A line of which the end is cut, between two words, if it is very long.
fn first_words(line: &str) -> String {
    if line.chars().count() <= EXCERPT_LENGTH {
        return line.into();
    }
    let cut: String = line.chars().take(EXCERPT_LENGTH).collect();
    let words = cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words);
    format!("{words} …")
}

/// The beginning of a tool's output, which shows its format.
pub(crate) fn first_lines(output: &str) -> String {
    let output = output.trim();
    let lines: Vec<&str> = output.lines().take(EXCERPT_LINES).collect();
    let first: String = lines.join("\n").chars().take(EXCERPT_LENGTH).collect();
    match first.len() < output.len() {
        true => first + "…",
        false => first,
    }
}

/// The longest limit that can be set.
const MAX_LIMIT: Duration = Duration::from_secs(MAX_SECONDS as u64);

/// How many lines of a tool's output are shown, and how many bytes or characters.
const EXCERPT_LINES: usize = 12;
const EXCERPT_LENGTH: usize = 1_000;

/// How many bytes of the output's end are looked at.
const READ_LENGTH: usize = 64 * EXCERPT_LENGTH;

/// With these a tool writes colour codes into its JSON.
const FORCED_COLOR: [&str; 3] = ["FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"];

fn without_forced_color(command: &mut Command) {
    for variable in FORCED_COLOR {
        command.env_remove(variable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_that_differ_in_numbers_are_shown_once_and_whole() {
        let error = |second: u32| {
            format!(
                "E1125 03:14:{second}.123 4242 memcache.go:265] \"Unhandled Error\" err=\"couldn't \
                 get current server API group list: {}\"",
                "dial tcp 10.0.0.1:6443: connection refused ".repeat(8)
            )
        };
        let output = [error(10), error(11), error(12), "The server refused".into()].join("\n");
        let shown = last_lines(output.as_bytes());
        assert_eq!(shown, format!("{}\nThe server refused", error(12)));
    }

    #[test]
    fn a_very_long_line_is_cut_between_words() {
        let shown = last_lines("word ".repeat(1_000).as_bytes());
        assert!(
            shown.starts_with("word word") && shown.ends_with("word …"),
            "{shown}"
        );
        assert!(shown.chars().count() <= EXCERPT_LENGTH + 2);
    }
}
