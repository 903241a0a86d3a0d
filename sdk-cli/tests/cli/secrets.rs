//! Environment variables and secrets in the settings: what is refused, and that no value of a secret
//! gets anywhere.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Project, answer, package, payload};

/// A tool of every platform. It keeps its calls, and fails if the file `fail` exists. It prints what
/// it was given, as tools do.
const TOOL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
case "$*" in
*"apps list"*) echo '{"apps": []}'; exit ;;
*"get ksvc"*) echo '{"items": []}'; exit ;;
*"config view"*) echo '{}'; exit ;;
esac
echo "$(basename "$0") $*" >> "$root/calls"
echo "deploying $*"
if [ -e "$root/prints" ]; then echo "the token is $HF_TOKEN"; fi
if [ -e "$root/fail" ]; then echo "it failed" >&2; exit 3; fi
"#;

const PLATFORMS: [&str; 4] = ["fal", "knative", "skypilot", "dstack"];

/// One package `p` with the app `llm` in `llm.wasm`, which requires `HF_TOKEN`, and these settings
/// of it.
fn project(settings: &str) -> Project {
    let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
    write_settings(&project, settings);
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080});
    let mut app = payload("llm", "p", &code, &json!({}));
    app["requires"] = json!({"env": ["HF_TOKEN"]});
    project.write_binary("llm.wasm", &[app]);
    for tool in ["fal", "kubectl", "sky", "dstack"] {
        project.with_tool(tool, TOOL);
    }
    project
}

fn write_settings(project: &Project, settings: &str) {
    let settings = format!(
        "[workspace]\n[workspace.metadata.machinist.apps.llm]\nimage = \"acme/llm:v1\"\n{settings}"
    );
    project.write("Cargo.toml", &package("p", &settings));
}

/// Runs the command with this token in its environment.
fn run(project: &Project, token: Option<&str>, args: &[&str]) -> Answer {
    let mut command = project.command(args);
    match token {
        Some(token) => command.env("HF_TOKEN", token),
        None => command.env_remove("HF_TOKEN"),
    };
    answer(&mut command)
}

/// The files below a folder that have this text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn wrong_settings_say_what_to_write() {
    for (settings, expected) in [
        (
            "secrets = { HF_TOKEN = \"hf_12345\" }",
            "`secrets` takes names, and never values\n\
             help: write `secrets = [\"HF_TOKEN\"]`, and give the platform the values\n\
             note: whoever reads this file, now or in its history, would know the values: change \
             them",
        ),
        (
            "secrets = [\"HF_TOKEN=hf_12345\"]",
            "a value is given with the name of the environment variable `HF_TOKEN`\n\
             help: write `\"HF_TOKEN\"`\n\
             note: only the name stands here, without its value",
        ),
        (
            "env = { HF_TOKEN = \"x\" }\nsecrets = [\"HF_TOKEN\"]",
            "`HF_TOKEN` is in `env` and in `secrets`\n\
             help: leave it in `secrets` if its value is secret, else in `env`",
        ),
        (
            "env = { RUST-LOG = \"info\" }",
            "invalid name of an environment variable: `RUST-LOG`\n\
             help: write `\"RUST_LOG\"`\n\
             note: a name has letters, digits and `_`, and does not begin with a digit",
        ),
        (
            "env = { THREADS = 8 }",
            "`THREADS` takes a text\nhelp: write `THREADS = \"8\"`",
        ),
        (
            "secrets = [\"A\", \"A\"]",
            "`A` is listed twice in `secrets`\nhelp: remove the second one",
        ),
        (
            "volumes = { data = \"models\" }",
            "a volume cannot be at the path `data`\n\
             help: write a path like `/data`, of letters, digits, `-`, `_` and `.`",
        ),
        (
            "[workspace.metadata.machinist.knative]\nsecrets = { HF_TOKEN = \"a b\" }",
            "`secrets` takes the places of secrets\n\
             help: write `secrets = { HF_TOKEN = \"SECRET/KEY\" }`, with the names of a Secret and \
             of a key in it",
        ),
    ] {
        let project = project(settings);
        let answer = run(&project, None, &["plan", "-q", "--binary", "llm.wasm"]).exits(1);
        assert!(!answer.stderr.contains("hf_12345"), "{answer:?}");
        // The first line begins with the place.
        let (_, problem) = answer.stderr.split_once("Cargo.toml:").unwrap();
        let (_, problem) = problem.split_once(": ").unwrap();
        let problem: Vec<&str> = problem.lines().map(str::trim_start).collect();
        assert_eq!(problem.join("\n"), expected);
    }
}

#[test]
fn an_app_without_what_its_code_requires_is_not_deployed() {
    let project = project("env = { RUST_LOG = \"info\" }");
    let out = ["--out", "out"];
    let commands: [(&[&str], &[&str]); 3] = [
        (&["plan", "-q"], &[]),
        (&["deploy", "-yq"], &[]),
        (&["render", "-q"], &out),
    ];
    for to in PLATFORMS.into_iter().chain(["file"]) {
        for (command, more) in commands {
            let args = [command, &["--binary", "llm.wasm", "--target", to], more].concat();
            let answer = run(&project, Some("x"), &args).exits(1);
            let said = "error: `llm` requires the environment variable `HF_TOKEN`, and the \
                        settings do not give it\n";
            assert!(answer.stderr.contains(said), "{answer:?}");
        }
    }
    assert!(project.take_calls().is_empty());
    assert!(!project.path("machinist-state.json").exists());
}

#[test]
fn nearer_settings_win_variable_by_variable() {
    let project = project("env = { A = \"far\", B = \"far\" }\nsecrets = [\"HF_TOKEN\", \"C\"]");
    let settings = project.read("Cargo.toml")
        + "[package.metadata.machinist]\nsecrets = [\"D\"]\n\
           [package.metadata.machinist.apps.llm]\nenv = { B = \"near\", C = \"near\" }\n";
    project.write("Cargo.toml", &settings);
    let args = ["deploy", "-yq", "--binary", "llm.wasm"];
    run(&project, None, &args).exits(0);
    let effective: Value = serde_json::from_str(&project.read("machinist-effective.json")).unwrap();
    let app = &effective["apps"][0];
    assert_eq!(app["env"], json!({"A": "far", "B": "near", "C": "near"}));
    assert_eq!(app["secrets"], json!(["D", "HF_TOKEN"]));
}

#[test]
fn a_changed_variable_alone_is_an_update_that_names_it() {
    let project = project("env = { RUST_LOG = \"info\" }\nsecrets = [\"HF_TOKEN\"]");
    let target = [
        "--binary",
        "llm.wasm",
        "--target",
        "knative",
        "--no-refresh",
    ];
    run(&project, None, &[&["deploy", "-yq"], &target[..]].concat()).exits(0);
    write_settings(
        &project,
        "env = { RUST_LOG = \"debug\", NEW = \"\" }\nsecrets = [\"HF_TOKEN\", \"KEY\"]",
    );
    let plan = run(&project, None, &[&["plan", "-q"], &target[..]].concat()).exits(0);
    let rows = "~ llm  update\n    env      RUST_LOG=info -> NEW=, RUST_LOG=debug\n    \
                secrets  KEY is added\n";
    assert!(plan.stdout.starts_with(rows), "{plan:?}");
}

#[test]
fn a_secret_that_the_tool_takes_from_the_environment_must_be_there() {
    let project = project("secrets = [\"HF_TOKEN\", \"KEY\"]");
    let target = ["--binary", "llm.wasm", "--target", "skypilot"];
    let deploy = [&["deploy", "-yq"], &target[..]].concat();
    for token in [None, Some("")] {
        let answer = run(&project, token, &deploy).exits(1);
        let said = "error: `HF_TOKEN` and `KEY` are not set in the environment\n";
        assert!(answer.stderr.contains(said), "{answer:?}");
    }
    assert!(project.take_calls().is_empty());
    assert!(!project.path("machinist-state.json").exists());
    // A plan needs no values, and says what a deploy needs.
    let plan = run(&project, None, &[&["plan"], &target[..]].concat()).exits(0);
    let need = "Needs `HF_TOKEN` and `KEY` in the environment of whoever deploys";
    assert!(plan.stderr.contains(need), "{plan:?}");
    write_settings(&project, "secrets = [\"HF_TOKEN\"]");
    run(&project, Some("x"), &deploy).exits(0);
    let call = "sky serve up --yes --service-name llm --secret HF_TOKEN service.yaml";
    assert_eq!(project.take_calls(), [call]);
    let scale = [
        "scale",
        "-q",
        "llm",
        "max_concurrency=4",
        "--target",
        "skypilot",
    ];
    run(&project, None, &scale).exits(1);
    run(&project, Some("x"), &scale).exits(0);
    let call = "sky serve update --yes llm --secret HF_TOKEN service.yaml";
    assert_eq!(project.take_calls(), [call]);
}

#[test]
fn no_value_of_a_secret_gets_anywhere() {
    let marker = format!("hf_{:x}", std::process::id() + 0x5eed_0000);
    for to in PLATFORMS.into_iter().chain(["file"]) {
        let project = project("env = { MODE = \"1\" }\nsecrets = [\"HF_TOKEN\"]");
        let check = |answer: &Answer| {
            for text in [&answer.stdout, &answer.stderr] {
                assert!(!text.contains(&marker), "{to}: {answer:?}");
            }
            let files = files_with(&project.path(""), &marker);
            assert!(files.is_empty(), "{to}: {files:?}");
        };
        let run = |args: &[&str], code: i32| {
            for format in ["text", "json"] {
                for more in [&["--verbose"][..], &[]] {
                    let args = [args, &["--target", to, "--format", format], more].concat();
                    let answer = run(&project, Some(&marker), &args);
                    check(&answer);
                    assert_eq!(answer.code, Some(code), "{to}: {answer:?}");
                }
            }
        };
        let binary = ["--binary", "llm.wasm", "--no-refresh"];
        let with_binary = |args: &[&'static str]| [args, &binary[..]].concat();
        run(&with_binary(&["plan"]), 0);
        run(&with_binary(&["render", "--out", "out"]), 0);
        run(&with_binary(&["deploy", "--dry-run"]), 0);
        if to != "file" {
            project.write("fail", "");
            run(&with_binary(&["deploy", "--yes"]), 1);
            fs::remove_file(project.path("fail")).unwrap();
        }
        run(&with_binary(&["deploy", "--yes"]), 0);
        run(&with_binary(&["deploy", "--yes", "--force"]), 0);
        run(&["apps", "--no-refresh"], 0);
        run(&["apps", "llm", "--no-refresh"], 0);
        run(&["scale", "llm", "max_concurrency=4", "--no-refresh"], 0);
        write_settings(&project, "env = { MODE = \"2\" }\nsecrets = [\"HF_TOKEN\"]");
        run(&with_binary(&["deploy", "--yes"]), 0);
        if to != "fal" {
            run(&["rollback", "llm", "--yes", "--no-refresh"], 0);
        }
        // The tools did run.
        assert_eq!(project.take_calls().is_empty(), to == "file", "{to}");
        run(&["destroy", "llm", "--dry-run", "--no-refresh"], 0);
    }
}
