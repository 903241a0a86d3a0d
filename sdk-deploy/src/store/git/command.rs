//! Runs git, and says in plain words what failed.

use std::io::{self, ErrorKind, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use machinist_core::problem::Problem;

use crate::git_command::git_command;
use crate::limits::ANSWER_TIMEOUT;
use crate::process::{self, ProcessEnd, ProcessOutput};
use crate::tool::{duration_text, longer_limit};

/// Runs git in a folder.
#[derive(Clone, Debug)]
pub(super) struct Git {
    /// The folder.
    pub(super) folder: PathBuf,
    /// How long a command may take.
    pub(super) limit: Duration,
}

/// Why a command that talks to a remote failed.
#[derive(Debug)]
pub(super) struct RemoteError {
    /// What is wrong.
    pub(super) problem: Problem,
    /// What git wrote.
    pub(super) output: String,
}

impl Git {
    /// The output of a command; `None` if it fails.
    pub(super) fn ask(&self, args: &[&str]) -> Result<Option<String>, Problem> {
        let output = self.capture(args, None, &[])?;
        Ok(has_succeeded(&output).then(|| text_of(&output.stdout)))
    }

    /// The output of a command that works on this repository alone.
    pub(super) fn run(&self, args: &[&str]) -> Result<String, Problem> {
        self.run_with(args, None, &[])
    }

    /// The same, with this input, and with these variables in its environment.
    pub(super) fn run_with(
        &self,
        args: &[&str],
        input: Option<String>,
        variables: &[(&str, String)],
    ) -> Result<String, Problem> {
        let output = self.capture(args, input, variables)?;
        match has_succeeded(&output) {
            true => Ok(text_of(&output.stdout)),
            false => Err(Problem::new(format!(
                "`git {}` failed: {}",
                args.first().unwrap_or(&""),
                reason(&output)
            ))),
        }
    }

    /// The output of a command that talks to a remote.
    pub(super) fn talk(&self, remote: &str, args: &[&str]) -> Result<String, RemoteError> {
        let failed = |problem, output| RemoteError { problem, output };
        let output = self.capture(args, None, &[]);
        let output = output.map_err(|problem| failed(problem, String::new()))?;
        if has_succeeded(&output) {
            return Ok(text_of(&output.stdout));
        }
        let command = args.first().unwrap_or(&"");
        let text = text_of(&output.stdout) + &text_of(&output.stderr);
        let problem = match output.end {
            ProcessEnd::Exited(_) => Problem::new(format!(
                "`git {command}` with `{remote}` failed: {}",
                reason(&output)
            ))
            .help(advice(&text, remote)),
            _ => Problem::new(format!(
                "`git {command}` with `{remote}` did not finish within {} and was killed",
                duration_text(self.limit)
            ))
            .help(format!(
                "check that `git ls-remote {remote}` works; {}",
                longer_limit(ANSWER_TIMEOUT, self.limit)
            )),
        };
        Err(failed(problem, text))
    }

    fn capture(
        &self,
        args: &[&str],
        input: Option<String>,
        variables: &[(&str, String)],
    ) -> Result<ProcessOutput, Problem> {
        let mut command = git_command(&self.folder);
        // The project's hooks are about its code. A missing folder has none.
        command.args(["-c", "core.hooksPath=/dev/null"]);
        // The user's settings for pushes of code are not about the state, and its texts are UTF-8.
        command.args(["-c", "push.pushOption=", "-c", "log.showSignature=false"]);
        command.args(["-c", "i18n.commitEncoding=UTF-8"]);
        command.args(["-c", "i18n.logOutputEncoding=UTF-8"]);
        command.args(args);
        // What failed is found in git's own words.
        command.env("LC_ALL", "C");
        if !io::stdin().is_terminal() {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let output = match input {
            Some(input) => process::capture_with_input(&mut command, input, self.limit),
            None => process::capture(&mut command, self.limit),
        };
        output.map_err(|error| {
            let problem = Problem::new(format!("cannot run `git`: {error}"));
            match error.kind() {
                ErrorKind::NotFound if self.folder.is_dir() => {
                    problem.help("install git, or keep the state in a file: `--state FILE`")
                }
                _ => problem,
            }
        })
    }
}

fn has_succeeded(output: &ProcessOutput) -> bool {
    matches!(output.end, ProcessEnd::Exited(status) if status.success())
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The reason of a failure in a few words.
fn reason(output: &ProcessOutput) -> String {
    let text = text_of(&output.stdout) + &text_of(&output.stderr);
    let text = without_credentials(&text);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    // `!	REF:REF	[remote rejected] (why)`
    let rejected = lines().filter_map(|line| line.strip_prefix("!\t"));
    let mut rejected = rejected.filter_map(|line| line.rsplit_once('\t'));
    // Of several refs that go together, one was refused for a reason of its own.
    let is_cause = |(_, why): &(&str, &str)| !why.contains("atomic");
    if let Some((_, why)) = rejected.find(is_cause) {
        let said: Vec<&str> = lines()
            .filter_map(|line| line.strip_prefix("remote: "))
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        return match said.is_empty() {
            true => why.into(),
            false => format!("{why}: {}", said.join("; ")),
        };
    }
    let fatal = lines().find_map(|line| line.strip_prefix("fatal: "));
    // The reason is before it, where ssh or the host says it.
    let is_silent = |line: &&str| line.starts_with("Could not read from remote repository");
    let said = || {
        lines()
            .take_while(|line| !line.starts_with("fatal: "))
            .last()
    };
    let fatal = fatal.map(|line| said().filter(|_| is_silent(&line)).unwrap_or(line));
    let fatal = fatal.or_else(|| lines().find_map(|line| line.strip_prefix("error: ")));
    match (fatal, lines().next_back()) {
        (Some(line), _) | (None, Some(line)) => line.into(),
        (None, None) => format!("{:?}", output.end),
    }
}

/// What to do about what git wrote.
fn advice(text: &str, remote: &str) -> String {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "Permission denied (",
        "Host key verification failed",
        "error: 401",
    ]) {
        return format!("sign git in: `git ls-remote {remote}` must work without a question");
    }
    if says(&["transport '"]) {
        return "git's settings `protocol.*` or the variable `GIT_ALLOW_PROTOCOL` forbid how this \
                remote is reached: allow it, or keep the state in a file: `--state FILE`"
            .into();
    }
    if says(&[
        "[remote rejected]",
        "error: 403",
        "not allowed",
        "protected",
    ]) {
        return format!(
            "allow this user to push to `refs/machinist/*` and `refs/machinist-lock/*` of \
             `{remote}`, or keep the state in a file: `--state FILE`"
        );
    }
    if says(&[
        "Could not resolve host",
        "Connection refused",
        "Connection timed out",
        "Network is unreachable",
        "Failed to connect",
        "Operation timed out",
    ]) {
        return "check the network, and try again".into();
    }
    format!("check that `git ls-remote {remote}` works, and try again")
}

/// The text without the user and the password of URLs.
pub(super) fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "://";
        let ends_host = |c: char| c.is_whitespace() || "/'\"`?#".contains(c);
        let (host, rest) = part.split_at(part.find(ends_host).unwrap_or(part.len()));
        out += host.rsplit_once('@').map_or(host, |(_, host)| host);
        out += rest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let text = "fatal: unable to access 'https://user:s3cret@host.test/a@b.git/': no, \
                    ssh://git@host.test/x and https://host.test/@scope";
        assert_eq!(
            without_credentials(text),
            "fatal: unable to access 'https://host.test/a@b.git/': no, ssh://host.test/x and \
             https://host.test/@scope"
        );
    }
}
