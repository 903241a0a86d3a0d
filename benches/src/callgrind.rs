//! Instructions of a command, counted by valgrind: the same number on a busy machine.

use std::process::Command;

use crate::tools::{Failure, run};

/// Counts what a command executes, in all of its threads.
pub fn instructions(command: &Command) -> Result<u64, Failure> {
    let mut counted = Command::new("valgrind");
    counted
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(command.get_program())
        .args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => counted.env(key, value),
            None => counted.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        counted.current_dir(folder);
    }
    let output = run(&mut counted)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1))
        .ok_or_else(|| format!("valgrind said no number: {said}"))?;
    Ok(count.trim().parse()?)
}
