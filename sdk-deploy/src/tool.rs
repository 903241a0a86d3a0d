//! The platform's own tool: how it is run, and what it says.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use machinist_core::problem::Problem;

/// A platform's own tool.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program, found in the `PATH`.
    pub program: &'static str,
    /// How it is installed and signed in.
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
    /// Where in the rendering's folder it is run; `None` where that does not matter.
    pub folder: Option<PathBuf>,
}

/// As a shell takes it.
impl fmt::Display for ToolCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tool.program)?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", shell_word(arg)))
    }
}

/// A word as a shell takes it.
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
    /// A command with these arguments, run in this folder of the rendering's.
    pub(crate) fn new(tool: &'static Tool, args: &[&str], folder: Option<&str>) -> Self {
        Self {
            tool,
            args: args.iter().map(|&arg| arg.into()).collect(),
            folder: folder.map(PathBuf::from),
        }
    }

    /// Runs it in its folder of the rendering's. All that it says goes to stderr, as it comes.
    ///
    /// # Errors
    ///
    /// When it is not there or does not succeed, with where its files are.
    pub(crate) fn run(&self, folder: &Path) -> Result<(), Problem> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(io::stderr());
        let folder = self.folder.as_ref().map(|own| folder.join(own));
        if let Some(folder) = &folder {
            command.current_dir(folder);
        }
        let status = command.status().map_err(|error| match &folder {
            Some(folder) if !folder.is_dir() => {
                Problem::new(format!("`{}` is gone: {error}", folder.display()))
            }
            _ => self.cannot_run(&error),
        })?;
        if status.success() {
            return Ok(());
        }
        let failed = self
            .failed(status)
            .help("what it said stands above; mend it and try again: what is done stays done");
        Err(match folder {
            Some(folder) => failed.note(format!("its files are in `{}`", folder.display())),
            None => failed,
        })
    }

    /// Runs it and gives what it writes to stdout.
    ///
    /// # Errors
    ///
    /// When it is not there or does not succeed, with what it wrote to stderr.
    pub(crate) fn read(&self) -> Result<String, Problem> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.cannot_run(&error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8_lossy(&said);
        let last: Vec<&str> = said.trim().lines().rev().take(LINES).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        let problem = self.failed(output.status);
        Err(match last.is_empty() {
            true => problem,
            false => problem.note(format!("it said: {}", last.join("\n"))),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.tool.program);
        command.args(self.args.iter().map(OsString::from));
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
}

/// How many of the last lines of a failed tool are shown again.
const LINES: usize = 12;
