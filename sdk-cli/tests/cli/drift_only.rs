//! `plan --drift-only`: the platform compared with the state, without a build and without binaries.
#![cfg(target_os = "linux")]

use std::fs;

use serde_json::{Value, json};

use crate::platform::Platform;
use crate::support::{Project, package, payload};

/// Apps `one` and `two`, deployed to fal; then the code and the binary are gone.
fn deployed() -> (Project, Platform) {
    let settings = "[workspace]\n[workspace.metadata.machinist]\ntarget = \"fal\"\n\
                    image = \"acme/a:v1\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("p", settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let platform = Platform::new(project.path("platform"));
    platform.install(&project);
    let app = |name: &str| {
        let code = json!({"machine_type": ["GPU-H100"], "gpus": 2});
        payload(name, "p", &code, &json!({"max_concurrency": 4}))
    };
    project.write_binary("p.wasm", &[app("one"), app("two")]);
    project
        .run(&["deploy", "-yq", "--binary", "p.wasm"])
        .exits(0);
    fs::remove_file(project.path("p.wasm")).unwrap();
    project.write("src/main.rs", "this does not compile");
    (project, platform)
}

/// Somebody changes what the platform lists of an app.
fn edit(project: &Project, edit: impl FnOnce(&mut Value)) {
    let file = "platform/platform.json";
    let mut all: Value = serde_json::from_str(&project.read(file)).unwrap();
    edit(&mut all["apps"]);
    project.write(file, &all.to_string());
}

const DRIFT: [&str; 4] = ["plan", "-q", "--drift-only", "--detailed-exitcode"];

#[test]
fn without_drift_it_exits_with_0() {
    let (project, platform) = deployed();
    platform.take_calls();
    let answer = project.run(&DRIFT).exits(0);
    assert_eq!(
        answer.stdout,
        "fal, environment main: no drift of 2 deployed apps\n"
    );
    assert_eq!(platform.take_calls(), Vec::<String>::new());
}

#[test]
fn what_was_changed_tuned_or_lost_is_drift_in_every_format() {
    let (project, platform) = deployed();
    edit(&project, |apps| {
        apps["one"]["code"]["machine_type"] = json!(["GPU-A100"]);
        apps["one"]["auth"] = "public".into();
    });
    platform.change("one", "max_concurrency", 9);
    platform.lose("two");
    let state = project.read("machinist-state.json");
    let text = project.run(&DRIFT).exits(2).stdout;
    assert_eq!(
        text,
        "one
    machine_type     GPU-H100 -> GPU-A100  (changed outside the code)
    max_concurrency  4 -> 9  (tuned on the platform)
    auth             private -> public  (changed outside the code)
two  is not on the platform

fal, environment main: 2 of 2 deployed apps differ from what was deployed
"
    );
    let json = [&DRIFT[..], &["--format", "json"]].concat();
    let json = project.run(&json).exits(2).json();
    assert_eq!(json["drift_version"], 1);
    assert_eq!(
        (&json["target"], &json["place"]),
        (&json!("fal"), &json!("environment main"))
    );
    assert_eq!(json["deployed_apps"], 2);
    assert_eq!(json["apps"][1], json!({"name": "two", "is_lost": true}));
    assert_eq!(
        json["apps"][0]["changes"][1],
        json!({"what": "max_concurrency", "from": 4, "to": 9, "why": "tuned"})
    );
    let markdown = [&DRIFT[..], &["--format", "markdown"]].concat();
    let markdown = project.run(&markdown).exits(2).stdout;
    assert!(
        markdown.starts_with("<!-- machinist-drift: fal -->\n### machinist drift: fal\n\n**2 of 2"),
        "{markdown}"
    );
    assert!(
        markdown.contains(
            "| <code>one</code> | <code>max&#95;concurrency</code> | 4 | 9 | tuned on the platform |"
        ),
        "{markdown}"
    );
    assert!(
        markdown.contains("| **not on the platform** |"),
        "{markdown}"
    );
    // Without the flag drift is shown and no failure; one app can be looked at alone.
    project.run(&DRIFT[..3]).exits(0);
    let two = project
        .run(&[&DRIFT[..], &["two"]].concat())
        .exits(2)
        .stdout;
    assert!(
        two.ends_with(": 1 of 1 deployed app differs from what was deployed\n"),
        "{two}"
    );
    // Nothing was written, and the next look says the same.
    assert_eq!(project.read("machinist-state.json"), state);
    assert_eq!(project.run(&DRIFT).exits(2).stdout, text);
}

#[test]
fn drift_that_a_later_command_has_recorded_is_drift_still() {
    let (project, _platform) = deployed();
    edit(&project, |apps| {
        apps["one"]["code"]["machine_type"] = json!(["GPU-A100"])
    });
    project
        .run(&["scale", "-q", "two", "max_concurrency=6"])
        .exits(0);
    let drift = project.run(&DRIFT).exits(2).stdout;
    assert!(drift.contains("GPU-H100 -> GPU-A100"), "{drift}");
    assert!(!drift.contains("two"), "{drift}");
}

#[test]
fn where_drift_cannot_be_seen_it_is_an_error() {
    let (project, _platform) = deployed();
    for (args, expected) in [
        (
            &["--target", "skypilot"][..],
            "error: skypilot cannot be asked what is deployed, so drift is not seen",
        ),
        (&["--no-refresh"], "cannot be used with '--no-refresh'"),
        (&["--prune"], "cannot be used with '--prune'"),
        (&["--binary", "p.wasm"], "cannot be used with '--binary"),
        (
            &["--release"],
            "error: `--drift-only` builds nothing, so `--release` has no effect",
        ),
        (&["thre"], "error: no app `thre` is deployed"),
    ] {
        let refused = project.run(&[&DRIFT[..], args].concat()).exits(1);
        assert!(refused.stderr.contains(expected), "{args:?}: {refused:#?}");
    }
    // A tool that fails is no platform without drift.
    project.with_tool("fal", "#!/bin/sh\nexit 1\n");
    project.run(&DRIFT).exits(1);
}

#[test]
fn files_that_somebody_changed_are_drift_of_the_target_file() {
    let project = Project::with_one_app();
    assert!(
        project
            .run(&DRIFT)
            .exits(0)
            .stdout
            .contains("no drift of 0 deployed apps")
    );
    project.run(&["deploy", "-yq"]).exits(0);
    project.run(&DRIFT).exits(0);
    project.write("machinist-effective.json", "{}");
    let drift = project.run(&DRIFT).exits(2).stdout;
    assert_eq!(
        drift,
        "machinist-effective.json  differs from what is deployed\n\n\
         file: no drift of 1 deployed app, and 1 file differs\n"
    );
    fs::remove_file(project.path("machinist-effective.json")).unwrap();
    project.run(&DRIFT).exits(2);
}
