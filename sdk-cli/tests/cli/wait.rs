//! `deploy --wait`, with fake tools: `kubectl` and `sky` give one prepared answer after the other.
#![cfg(unix)]

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, package};

/// Answers a question about one app with the next file of `answers`, the last one again and again.
const KUBECTL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$*" >> "$root/calls"
case "$*" in
"config view"*) echo '{}' ;;
*--show-managed-fields*) echo '{"items": []}' ;;
"get ksvc a --output=json")
    nth=$(($(cat "$root/asked" 2> /dev/null || echo 0) + 1))
    [ -e "$root/answers/$nth" ] || nth=$(ls "$root/answers" | sort -n | tail -1)
    echo "$nth" > "$root/asked"
    [ -e "$root/on_question" ] && sh "$root/on_question"
    cat "$root/answers/$nth"
    ;;
esac
"#;

const SKY: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$*" >> "$root/calls"
if [ "$2" = status ]; then cat "$root/status"; fi
if [ "$2" = update ]; then cp "$root/status.updated" "$root/status"; fi
"#;

fn project(target: &str) -> Project {
    let settings = format!(
        "[workspace]\n[workspace.metadata.machinist]\ntarget = \"{target}\"\nimage = \"acme/a:v1\""
    );
    let project = Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.write_services(&["a"], 1);
    project.with_tool("kubectl", KUBECTL);
    project.with_tool("sky", SKY);
    project
}

/// What kubectl says of a service whose last revision is the second one.
fn service(ready: &str, latest_ready: &str, message: &str) -> Value {
    json!({
        "metadata": {"name": "a", "generation": 2},
        "status": {
            "observedGeneration": 2,
            "latestCreatedRevisionName": "a-00002",
            "latestReadyRevisionName": latest_ready,
            "conditions": [{"type": "Ready", "status": ready, "message": message}],
        },
    })
}

fn prepare(project: &Project, answers: &[Value]) {
    for (i, answer) in answers.iter().enumerate() {
        project.write(&format!("answers/{}", i + 1), &answer.to_string());
    }
}

const DEPLOY: [&str; 4] = ["deploy", "-y", "--binary", "a.wasm"];

fn deploy<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&DEPLOY, flags].concat()
}

#[test]
fn a_deploy_waits_for_its_own_revision() {
    let project = project("knative");
    prepare(
        &project,
        &[
            service("True", "a-00001", ""),
            service("Unknown", "a-00001", "the container is created"),
            service("True", "a-00002", ""),
        ],
    );
    let deployed = project.run(&deploy(&["--wait"])).exits(0);
    let said = deployed.stderr.split("serial 1\n").nth(1).unwrap();
    assert_eq!(
        said,
        "     Waiting `a`: revision a-00002 is not ready yet\n     Waiting `a`: the container is created\n       Ready `a`\n"
    );
    let asked = "get ksvc a --output=json";
    let calls = project.take_calls();
    let questions = calls.iter().filter(|call| *call == asked).count();
    assert_eq!(questions, 3, "{calls:?}");
    // Nothing is deployed, so nothing is waited for.
    project.run(&deploy(&["--wait", "--no-refresh"])).exits(0);
    assert!(!project.take_calls().contains(&asked.to_owned()));
}

#[test]
fn an_answer_that_cannot_be_read_says_that_nothing_is_known() {
    let project = project("knative");
    project.write("answers/1", "nonsense");
    let deployed = project.run(&deploy(&["--wait=1s"])).exits(1).stderr;
    assert!(
        deployed.contains(
            "error: `a` is deployed, and whether it answers is not known: cannot read the output \
             of `kubectl get ksvc a --output=json`: "
        ),
        "{deployed}"
    );
    let refused = project.run(&deploy(&["--wait=soon"])).exits(1).stderr;
    assert!(refused.contains("write `--wait=15m`"), "{refused}");
}

#[test]
fn what_does_not_start_is_deployed_and_an_error() {
    let project = project("knative");
    let reason = "Revision \"a-00002\" failed: the image cannot be pulled";
    prepare(&project, &[service("False", "a-00001", reason)]);
    let flags = ["--wait", "--format", "json"];
    let deployed = project.run(&deploy(&flags)).exits(1);
    let result = &deployed.json()["result"];
    assert_eq!(result["done"], json!(["a"]));
    assert_eq!(result["not_done"], json!([]));
    assert_eq!(
        result["waited"],
        json!([{"app": "a", "answers": false, "says": reason}])
    );
    let error = &result["errors"][0];
    assert_eq!(error["app"], "a");
    assert_eq!(error["message"], "`a` is deployed, and does not start");
    assert_eq!(error["note"], json!([format!("knative says: {reason}")]));
    let apps = project.run(&["apps", "--no-refresh", "--format", "json"]);
    assert_eq!(apps.json()["apps"][0]["is_deployed"], true);
}

#[test]
fn a_failure_that_passes_is_none() {
    let project = project("knative");
    prepare(
        &project,
        &[
            service("False", "a-00001", "no node has a GPU"),
            service("True", "a-00002", ""),
        ],
    );
    project.run(&deploy(&["--wait"])).exits(0);
}

#[test]
fn a_wait_ends_at_its_limit() {
    let project = project("knative");
    prepare(&project, &[service("Unknown", "", "pulling the image")]);
    project.run(&deploy(&["-q", "--wait=1s"])).exits(1).says(
        "error: `a` is deployed, and does not answer after 1s\n\
         help: see why with `cargo machinist logs a`, or wait longer with `--wait=2s`\n\
         note: knative says: pulling the image",
    );
    let wrong = project.run(&deploy(&["--wait=soon"])).exits(1);
    assert!(wrong.stderr.contains("--wait"), "{wrong:?}");
}

#[test]
fn others_use_the_state_during_a_wait() {
    let project = project("knative");
    prepare(&project, &[service("True", "a-00002", "")]);
    let program = env!("CARGO_BIN_EXE_cargo-machinist");
    let scale = format!(
        "cd \"$root\" && {program} machinist scale a max_concurrency=7 --no-refresh > scaled 2>&1\n"
    );
    project.write(
        "on_question",
        &format!("root='{}'\n{scale}", project.path("").display()),
    );
    project.run(&deploy(&["--wait"])).exits(0);
    let scaled = project.read("scaled");
    assert!(scaled.contains("Tuned a"), "{scaled}");
}

#[test]
fn a_dry_run_shows_the_question() {
    let project = project("knative");
    let flags = ["deploy", "--dry-run", "--binary", "a.wasm", "--wait"];
    let shown = project.run(&flags).exits(0);
    let question = "would ask    kubectl get ksvc a --output=json  (until `a` answers, for at most \
                    20m)";
    assert!(shown.stdout.contains(question), "{shown:?}");
    let as_json = project.run(&[&flags[..], &["--format=json"]].concat());
    assert_eq!(as_json.json()["waits"][0]["at_most"], 1_200);
}

#[test]
fn a_target_that_runs_no_apps_is_not_waited_for() {
    let project = project("file");
    project.run(&deploy(&["-q", "--wait"])).exits(0).says(
        "warning: `--wait`: the target `file` runs no apps to wait for\n\
         help: leave out `--wait`, or deploy to a platform",
    );
}

fn sky_status(versions: &[(u32, &str)]) -> String {
    let mut text = "Services\nNAME  VERSION  UPTIME  STATUS  REPLICAS  ENDPOINT\n\
                    a     1        1m 40s  READY   1/1       http://1.2.3.4:30001\n\n\
                    Service Replicas\n\
                    SERVICE_NAME  ID  VERSION  ENDPOINT  STATUS\n"
        .to_owned();
    for (version, status) in versions {
        text += &format!("a             {version}   {version}        -         {status}\n");
    }
    text
}

#[test]
fn sky_is_asked_before_an_update_which_version_is_the_old_one() {
    let project = project("skypilot");
    project.write("status", &sky_status(&[(1, "READY")]));
    project.run(&deploy(&["--wait"])).exits(0);
    project.take_calls();
    project.write_services(&["a"], 2);
    project.write(
        "status.updated",
        &sky_status(&[(1, "READY"), (2, "FAILED_PROBING")]),
    );
    let failed = project.run(&deploy(&["--wait"])).exits(1);
    let says = "note: skypilot says: service: READY; replica 2: FAILED_PROBING";
    assert!(failed.stderr.contains(says), "{failed:?}");
    let calls = project.take_calls();
    assert_eq!(
        calls[..2],
        ["serve status a", "serve update --yes a service.yaml"]
    );
    assert!(fs::read_to_string(project.path("machinist-state.json")).is_ok());
}
