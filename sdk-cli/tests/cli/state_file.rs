//! A state as git, editors and killed deploys leave it.
#![cfg(unix)]

use std::fs;

use serde_json::json;

use crate::support::{Project, payload};

const STATE: &str = "machinist-state.json";
const BINARY: [&str; 2] = ["--binary", "a.wasm"];

/// The apps `one` and `two`, deployed.
fn project() -> Project {
    let project = Project::for_skypilot();
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080});
    let scaling = json!({"keep_alive": 60, "max_concurrency": 4});
    let app = |name| payload(name, "p", &code, &scaling);
    project.write_binary("a.wasm", &[app("one"), app("two")]);
    project
        .run(&[&["deploy", "-yq"], &BINARY[..]].concat())
        .exits(0);
    project
}

/// The state as git leaves it when both sides changed it: whole sides between the markers.
fn conflict(ours: &str, theirs: &str) -> String {
    let (first, rest) = ours.split_once('\n').unwrap();
    let (_, their_rest) = theirs.split_once('\n').unwrap();
    format!("{first}\n<<<<<<< HEAD\n{rest}=======\n{their_rest}>>>>>>> topic\n")
}

#[test]
fn a_merge_conflict_is_named_with_what_the_other_side_tuned() {
    let project = project();
    let base = project.read(STATE);
    project.run(&["scale", "one", "keep_alive=5m"]).exits(0);
    project.run(&["scale", "two", "max_concurrency=7"]).exits(0);
    let ours = project.read(STATE);
    project.write(STATE, &base);
    project
        .run(&[
            "scale",
            "one",
            "min_concurrency=2",
            "regions=us-west,us-east",
        ])
        .exits(0);
    project.run(&["scale", "two", "max_concurrency=9"]).exits(0);
    let theirs = project.read(STATE);
    project.take_calls();

    let conflicted = conflict(&ours, &theirs);
    project.write(STATE, &conflicted);
    for args in [&["plan", "-q"][..], &["deploy", "-yq"]] {
        project.run(&[args, &BINARY].concat()).exits(1).says(
            "error: `machinist-state.json`: it has a merge conflict at line 2\n\
             help: take our side with `git checkout --ours machinist-state.json`, then tune what the other side \
             tuned: `cargo machinist scale one min_concurrency=2 regions=us-west,us-east \
             --target skypilot`; both sides tuned `max_concurrency` of `two`",
        );
    }
    assert_eq!(project.read(STATE), conflicted);
    assert!(project.take_calls().is_empty());

    // The advice can be followed.
    project.write(STATE, &ours);
    let advice = "scale one min_concurrency=2 regions=us-west,us-east --target skypilot";
    let advice: Vec<&str> = advice.split(' ').collect();
    project.run(&advice).exits(0);
    let plan = project
        .run(&[&["plan", "-q"], &BINARY[..]].concat())
        .exits(0);
    assert_eq!(plan.stdout, "skypilot: 2 unchanged\n");

    // Another style of git shows the common ancestor too, and editors on Windows end lines so.
    let (_, base_rest) = base.split_once('\n').unwrap();
    let with_base = conflicted.replace("=======\n", &format!("||||||| base\n{base_rest}=======\n"));
    project.write(STATE, &with_base.replace('\n', "\r\n"));
    let said = project.run(&["apps"]).exits(1).stderr;
    assert!(said.contains("merge conflict at line 2"), "{said}");
    assert!(said.contains("scale one min_concurrency=2"), "{said}");
    project.write(STATE, &conflicted.replace("\"serial\"", "\"seril\""));
    project.run(&["apps"]).exits(1).says(
        "error: `machinist-state.json`: it has a merge conflict at line 2\n\
         help: take one side with `git checkout --ours machinist-state.json` or `--theirs machinist-state.json`",
    );
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_read() {
    let project = project();
    let state = project.read(STATE);
    project.write(STATE, &format!("\u{feff}{}", state.replace('\n', "\r\n")));
    let plan = ["plan", "-q", "--detailed-exitcode"];
    project.run(&[&plan[..], &BINARY].concat()).exits(0);
    project.run(&["scale", "one", "keep_alive=5m"]).exits(0);
    assert!(!project.read(STATE).contains(['\r', '\u{feff}']));
}

#[test]
fn a_state_in_utf_16_says_what_to_do() {
    let project = project();
    let state = project.read(STATE);
    for mark in ["\u{feff}", ""] {
        let text = format!("{mark}{state}");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(project.path(STATE), bytes).unwrap();
        let said = project.run(&["apps"]).exits(1).stderr;
        assert!(
            said.starts_with("error: cannot read `machinist-state.json`: "),
            "{said}"
        );
        assert!(said.ends_with("help: save it as UTF-8\n"), "{said}");
    }
}

#[test]
fn the_folder_of_a_state_is_made() {
    let project = project();
    let state = ["--state", "deploy/of/prod.json"];
    project
        .run(&[&["deploy", "-yq"], &BINARY[..], &state].concat())
        .exits(0);
    assert!(project.path("deploy/of/prod.json").is_file());
    // What only reads makes nothing.
    let state = ["--state", "other/prod.json"];
    project
        .run(&[&["plan", "-q"], &BINARY[..], &state].concat())
        .exits(0);
    assert!(!project.path("other").exists());
}

#[test]
fn a_journal_of_another_state_is_an_error() {
    let project = project();
    let journal = ".machinist-state.json.journal";
    let line_of = |app: &str, serial: u64, lineage: &str| {
        let line = json!({
            "lineage": lineage, "serial": serial, "target": "skypilot", "app": app, "state": null,
        });
        format!("{line}\n")
    };
    let line = |serial: u64, lineage: &str| line_of("two", serial, lineage);
    let state = fs::read_to_string(project.path(STATE)).unwrap();
    let lineage = state.split('"').nth(5).unwrap();
    project.write(journal, &line(1, "0123456789abcdef"));
    let said = project.run(&["apps"]).exits(1).stderr;
    assert_eq!(
        said,
        "error: `.machinist-state.json.journal`: it continues another state (lineage \
         0123456789abcdef, serial 1)\n\
         help: restore the state that the deploy was made from, or remove this file if what it \
         says was deployed is known otherwise\n"
    );
    // A kill left it after the state was written.
    project.write(journal, &line_of("gone", 0, lineage));
    assert!(project.run(&["apps"]).exits(0).stdout.contains("two"));
    // git brought another state in between.
    project.write(journal, &line(0, lineage));
    let lost = project.run(&["scale", "one", "keep_alive=5m"]).exits(1);
    let reason = "it records a change of `two` that the state with the serial 1 does not have";
    assert!(lost.stderr.contains(reason), "{lost:?}");
    assert!(project.path(journal).exists());
    // It continues the state; the half line at its end is not on record.
    project.write(journal, &(line(1, lineage) + "{\"lineage\": \"ü"));
    assert!(!project.run(&["apps"]).exits(0).stdout.contains("two"));
    project.run(&["scale", "one", "keep_alive=5m"]).exits(0);
    assert!(!project.path(journal).exists());
    assert!(!project.run(&["apps"]).exits(0).stdout.contains("two"));
}
