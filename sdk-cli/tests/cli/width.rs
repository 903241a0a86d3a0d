//! Text on terminals of different widths, and in a pipe.
#![cfg(target_os = "linux")]

use crate::support::{Project, package};

fn project() -> Project {
    let project = Project::with_one_app();
    project.run(&["deploy", "-yq"]).exits(0);
    let scale = [
        "scale",
        "a",
        "-q",
        "min_concurrency=2",
        "max_concurrency=7",
        "keep_alive=10m",
    ];
    project.run(&scale).exits(0);
    project
}

/// What a command shows on a terminal of this width.
fn shown(project: &Project, set_width: &str, args: &str) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_cargo-machinist");
    let line = format!("--version; unset COLUMNS; {set_width}; {program} machinist {args}");
    let (_, shown) = project.on_a_terminal(&line, "");
    let lines = shown.lines().skip(1);
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn tables_are_as_wide_as_the_terminal() {
    let project = project();
    for width in [40, 80, 200] {
        let lines = shown(
            &project,
            &format!("stty rows 24 cols {width}"),
            "ls --color never --quiet",
        );
        for line in &lines {
            assert!(line.chars().count() <= width, "{width}: {line:?}");
        }
        let text = lines.join("\n");
        assert!(text.contains("min_concurrency=2"), "{text}");
        match width {
            40 => assert!(text.contains("\n  GPUS          2\n"), "{text}"),
            80 => assert!(lines.len() > 2 && lines[0].starts_with("NAME"), "{text}"),
            _ => assert_eq!(lines.len(), 2, "{text}"),
        }
    }
    let by_variable = shown(
        &project,
        "stty rows 24 cols 200; export COLUMNS=40",
        "ls --color never --quiet",
    );
    assert!(
        by_variable.contains(&"  GPUS          2".to_owned()),
        "{by_variable:?}"
    );
}

#[test]
fn a_pipe_has_no_width() {
    let project = project();
    let narrow = project
        .command(&["ls"])
        .env("COLUMNS", "40")
        .output()
        .unwrap();
    let text = String::from_utf8(narrow.stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn the_lines_of_a_plan_are_broken_between_words_and_commands_are_not() {
    let settings = "[workspace]\n[workspace.metadata.machinist]\ntarget = \"skypilot\"\n\
                    image = \"acme/a:v1\"";
    let project = Project::new(&[
        ("Cargo.toml", &package("p", settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.with_sky();
    project.write_services(&["llm"], 1);
    let deploy = ["deploy", "-yq", "--binary", "a.wasm"];
    project.run(&deploy).exits(0);
    project
        .run(&["scale", "llm", "-q", "max_concurrency=7"])
        .exits(0);
    project.write_services(&["llm"], 2);
    let args = "deploy --dry-run --binary a.wasm --color never 2> /dev/null";
    let lines = shown(&project, "stty rows 24 cols 40", args);
    let text = lines.join("\n");
    let of_plan = lines.iter().filter(|line| !line.starts_with("would "));
    for line in of_plan.filter(|line| !line.starts_with("  if it fails")) {
        assert!(line.chars().count() <= 40, "{line:?}");
    }
    assert!(text.contains("stays 7  (tuned;\n"), "{text}");
    let command = "would run    sky serve update --yes llm service.yaml";
    assert!(text.contains(command), "{text}");
}
