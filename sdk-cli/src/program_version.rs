//! The version of a program that is installed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// The first line that a program prints for `--version`, or why there is none.
pub(crate) fn program_version(program: impl AsRef<OsStr>) -> Result<String, String> {
    let program = program.as_ref();
    let name = Path::new(program).display();
    let mut command = Command::new(program);
    let command = command.arg("--version").stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|error| format!("cannot run `{name}`: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match (output.status.success(), text.lines().next()) {
        (true, Some(line)) => Ok(line.trim().to_owned()),
        _ => Err(format!("`{name} --version` failed ({})", output.status)),
    }
}
