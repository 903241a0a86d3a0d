//! What the command's exit code says.

use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Error,
    Changes,
    Differs,
    /// cargo failed, with this code of its own.
    Cargo(u8),
}

/// Every exit code and its meaning, as `--help` shows them. cargo exits with 101.
const MEANINGS: [(u8, &str); 5] = [
    (0, "success"),
    (1, "error, also where the command was not understood"),
    (2, "`plan --detailed-exitcode` found changes"),
    (3, "`--check` found a difference"),
    (
        101,
        "cargo failed, for instance because the code does not compile",
    ),
];

impl Exit {
    /// The code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Differs => 3,
            Self::Cargo(code) => code,
        }
    }

    /// The part of `--help` on exit codes.
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
