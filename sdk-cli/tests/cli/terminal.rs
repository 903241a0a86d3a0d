//! Colors, pipes, streams and exit codes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Project, answer, command, run};

const ESCAPE: char = '\u{1b}';

#[test]
fn pipes_have_no_colors_unless_asked_for() {
    assert!(!run(&["machines"]).stdout.contains(ESCAPE));
    assert!(!run(&["machines", "X"]).stderr.contains(ESCAPE));
    assert!(
        run(&["machines", "--color", "always"])
            .stdout
            .contains(ESCAPE)
    );
    assert!(
        run(&["machines", "X", "--color", "always"])
            .stderr
            .contains(ESCAPE)
    );
}

#[test]
fn no_color_is_respected_and_the_flag_wins() {
    let colored = |set: &str, args: &[&str]| {
        let mut command = command(Path::new("."));
        let answer = answer(
            command
                .env("CLICOLOR_FORCE", "1")
                .env("NO_COLOR", set)
                .args(args),
        );
        answer.stdout.contains(ESCAPE)
    };
    assert!(colored("", &["machines"]));
    assert!(!colored("1", &["machines"]));
    assert!(colored("1", &["machines", "--color=always"]));
    assert!(!colored("", &["machines", "--color=never"]));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = command(Path::new("."))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn text_from_files_cannot_control_the_terminal() {
    let project = Project::with_one_app();
    project.write("machinist.json", "\u{1b}[31m\u{202e}\r\n");
    let answer = project
        .run(&["manifest", "--check", "machinist.json"])
        .exits(3);
    assert!(
        answer.stdout.contains("-\\u{1b}[31m\\u{202e}\n"),
        "{}",
        answer.stdout
    );
    let answer = run(&["machines", "\u{1b}[31m"]).exits(1);
    assert!(
        answer.stderr.contains("unknown machine type `\\u{1b}[31m`"),
        "{}",
        answer.stderr
    );
}

#[test]
fn help_shows_the_exit_codes() {
    let help = run(&["--help"]).exits(0).stdout;
    for line in [
        "Exit codes:",
        "  3    `--check` found a difference",
        "  101  cargo failed",
    ] {
        assert!(help.contains(line), "{help}");
    }
    run(&[]).exits(1);
    run(&["manifesto"]).exits(1);
}

#[test]
fn the_command_runs_through_cargo_and_directly() {
    let program = env!("CARGO_BIN_EXE_cargo-machinist");
    let direct = answer(Command::new(program).arg("machines")).exits(0);
    assert_eq!(direct.stdout, run(&["machines"]).exits(0).stdout);
    let version = run(&["--version"]).exits(0).stdout;
    assert_eq!(
        version,
        concat!("cargo-machinist ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn quiet_and_verbose_are_handed_to_cargo() {
    let project = Project::with_one_app();
    assert_eq!(project.run(&["manifest", "-q"]).exits(0).stderr, "");
    let verbose = project.run(&["manifest", "-v"]).exits(0).stderr;
    assert!(verbose.contains("     Fresh p v0.1.0"), "{verbose}");
    assert!(verbose.contains("     Reading target"), "{verbose}");
}
