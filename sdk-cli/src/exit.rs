//! The command's exit codes.

use std::process::{ExitCode, ExitStatus};

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Error,
    Changes,
    Differs,
    /// cargo failed with this code.
    Cargo(u8),
    /// The platform's tool, to which this command was handed over, failed with this code.
    Tool(u8),
}

/// Every exit code and its meaning, as `--help` shows them. 101 is the code of a failed cargo.
const MEANINGS: [(u8, &str); 5] = [
    (0, "success"),
    (1, "error, or invalid arguments"),
    (2, "`plan --detailed-exitcode` found changes, or drift"),
    (3, "`--check` found a difference"),
    (
        101,
        "cargo failed, for instance because the code does not compile",
    ),
];

impl Exit {
    /// The number that the process exits with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Differs => 3,
            Self::Cargo(code) | Self::Tool(code) => code,
        }
    }

    /// How a tool ended that this command was handed over to. One that a signal ended has the code
    /// that a shell gives it.
    pub(crate) fn of_tool(status: ExitStatus) -> Self {
        if status.success() {
            return Self::Success;
        }
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        let code = status.code().or(signal.map(|signal: i32| 128 + signal));
        let code = code.and_then(|code| u8::try_from(code).ok());
        code.map_or(Self::Error, Self::Tool)
    }

    /// The paragraph about exit codes at the end of `--help`.
    pub(crate) fn help() -> String {
        let lines = MEANINGS.map(|(code, meaning)| format!("\n  {code:<5}{meaning}"));
        let tool = "\n\n`logs` ends with the exit code of the platform's tool.";
        format!("Exit codes:{}{tool}", lines.concat())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
