//! `deploy --jobs N`: the tools of several apps run at once.
#![cfg(unix)]

use std::collections::BTreeSet;

use machinist_deploy::Store;
use serde_json::json;

use crate::support::{Project, SKYPILOT, package, payload};

/// Writes down when it starts and ends, and what the file of its app in `does` says in between.
const TOOL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
if [ "$2" = up ]; then name=$5; else name=$4; fi
echo "start $name" >> "$root/calls"
printf "creating "
if [ -f "$root/does/$name" ]; then . "$root/does/$name"; else sleep 0.2; fi
echo "the service $name"
echo "end $name" >> "$root/calls"
"#;

/// The apps `app-1` to `app-6` in one binary.
fn project() -> Project {
    let project = Project::for_skypilot();
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080});
    let apps: Vec<_> = (1..=6)
        .map(|n| payload(&format!("app-{n}"), "p", &code, &json!({})))
        .collect();
    project.write_binary("a.wasm", &apps);
    project.with_tool("sky", TOOL);
    project
}

const DEPLOY: [&str; 5] = ["deploy", "-y", "--binary", "a.wasm", "--jobs"];

fn deploy<'a>(jobs: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&DEPLOY[..], &[jobs], more].concat()
}

/// The most tools that ran at once.
fn most_at_once(calls: &[String]) -> usize {
    let mut running = BTreeSet::new();
    let counts = calls.iter().map(|call| {
        let (what, app) = call.split_once(' ').unwrap();
        match what {
            "start" => running.insert(app),
            _ => running.remove(app),
        };
        running.len()
    });
    counts.max().unwrap()
}

fn apps_on_record(project: &Project) -> Vec<String> {
    let state = Store::read(project.path("machinist-state.json")).unwrap();
    let deployed = state.deployed_to("skypilot");
    deployed.names().into_iter().map(str::to_owned).collect()
}

#[test]
fn several_tools_run_at_once_and_their_lines_stay_whole() {
    let project = project();
    let answer = project.run(&deploy("3", &[])).exits(0);
    let calls = project.take_calls();
    assert_eq!((calls.len(), most_at_once(&calls)), (12, 3), "{calls:?}");
    assert_eq!(apps_on_record(&project).len(), 6);
    for n in 1..=6 {
        for line in [
            format!("     Running [{n}/6] sky serve up --yes --service-name app-{n} service.yaml"),
            format!("app-{n}: creating the service app-{n}"),
        ] {
            let mut lines = answer.stderr.lines();
            assert!(lines.any(|shown| shown == line), "{line}: {answer:#?}");
        }
    }
    let lines = answer.stderr.lines();
    let lines = lines.filter(|line| !line.starts_with("       Needs "));
    assert_eq!(lines.count(), 13, "{answer:#?}");
    let again = project.run(&["deploy", "--binary", "a.wasm"]).exits(0);
    assert!(again.stderr.contains("Unchanged"), "{again:?}");
}

#[test]
fn without_the_flag_one_tool_runs_after_the_other() {
    let project = project();
    project
        .run(&["deploy", "-yq", "--binary", "a.wasm"])
        .exits(0);
    let calls = project.take_calls();
    assert_eq!((calls.len(), most_at_once(&calls)), (12, 1), "{calls:?}");
    assert_eq!(calls[0], "start app-1");
}

#[test]
fn after_a_failure_running_tools_finish_and_no_other_starts() {
    let project = project();
    project.write("does/app-1", "echo nonsense; exit 3");
    project.write("does/app-2", "sleep 0.6");
    project.write("does/app-3", "sleep 0.6; echo no; exit 4");
    let failed = project.run(&deploy("3", &["--format=json"])).exits(1);
    let mut calls = project.take_calls();
    calls.sort();
    // What fails is tried the other way too.
    calls.dedup();
    assert_eq!(
        calls,
        ["end app-2", "start app-1", "start app-2", "start app-3"]
    );
    assert_eq!(apps_on_record(&project), ["app-2"]);
    let result = &failed.json()["result"];
    assert_eq!(result["done"], json!(["app-2"]));
    assert_eq!(
        result["not_done"],
        json!(["app-1", "app-3", "app-4", "app-5", "app-6"])
    );
    let message = |n, status| {
        format!(
            "`sky serve up --yes --service-name app-{n} service.yaml` failed (exit status: {status}), \
             and `sky serve update --yes app-{n} service.yaml` failed (exit status: {status})"
        )
    };
    let failures =
        [(1, 3), (3, 4)].map(|(n, status)| (json!(format!("app-{n}")), json!(message(n, status))));
    let errors = result["errors"].as_array().unwrap().iter();
    let errors: Vec<_> = errors
        .map(|error| (error["app"].clone(), error["message"].clone()))
        .collect();
    assert_eq!(errors, failures);
    let expected = format!(
        "error: {}\n\
         help: see the output of both above, fix the cause and try again: what was done is kept\n\
         note: its files are in `{}`\n\
         note: this failed too: {}\n\
         note: done and recorded in the state: `app-2`\n\
         note: not deployed: `app-1`, `app-3`, `app-4`, `app-5`, `app-6`\n",
        message(1, 3),
        project.rendered("skypilot/app-1"),
        message(3, 4),
    );
    assert!(failed.stderr.ends_with(&expected), "{}", failed.stderr);

    for n in [1, 3] {
        project.write(&format!("does/app-{n}"), "");
    }
    project.run(&deploy("2", &["-q"])).exits(0);
    let calls = project.take_calls();
    assert_eq!(calls.len(), 10);
    assert!(
        !calls.iter().any(|call| call.ends_with("app-2")),
        "{calls:?}"
    );
    assert_eq!(apps_on_record(&project).len(), 6);
}

#[test]
fn what_is_done_when_a_deploy_is_killed_is_on_record() {
    let project = project();
    project.write("does/app-3", "sleep 0.7; kill -KILL $PPID");
    project.write("does/app-4", "sleep 3");
    let killed = project.run(&deploy("3", &["-q"]));
    assert_eq!(killed.code, None, "{killed:?}");
    let on_record = apps_on_record(&project);
    assert!(on_record.contains(&"app-1".into()) && on_record.contains(&"app-2".into()));
    assert!(!on_record.contains(&"app-3".into()), "{on_record:?}");
    project.take_calls();
    for n in [3, 4] {
        project.write(&format!("does/app-{n}"), "");
    }
    project.run(&deploy("3", &["-q"])).exits(0);
    let calls = project.take_calls();
    for app in on_record {
        assert!(!calls.contains(&format!("start {app}")), "{calls:?}");
    }
    assert_eq!(apps_on_record(&project).len(), 6);
}

#[test]
fn a_tool_that_takes_too_long_is_killed_beside_the_others() {
    let project = project();
    let settings = format!("{SKYPILOT}\nrun_timeout = \"1s\"");
    project.write("Cargo.toml", &package("p", &settings));
    project.write("does/app-2", "echo; exec sleep 60");
    let failed = project.run(&deploy("2", &["-q"])).exits(1);
    assert!(
        failed
            .stderr
            .contains("app-2 service.yaml` did not finish within 1s and was killed"),
        "{failed:?}"
    );
    assert!(failed.stderr.contains("app-2: creating\n"), "{failed:?}");
    assert!(apps_on_record(&project).contains(&"app-1".into()));
}
