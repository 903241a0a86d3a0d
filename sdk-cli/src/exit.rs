//! The command's exit codes.

use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Error,
    Changes,
    Differs,
    /// cargo failed with this code.
    Cargo(u8),
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
            Self::Cargo(code) => code,
        }
    }

    /// The paragraph about exit codes at the end of `--help`.
    pub(crate) fn help() -> String {
        let lines = MEANINGS.map(|(code, meaning)| format!("\n  {code:<5}{meaning}"));
        format!("Exit codes:{}", lines.concat())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
