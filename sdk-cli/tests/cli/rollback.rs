//! Rollbacks and tunings of apps that were renamed, changed outside the code, or lost.

use std::fs;

use machinist_core::machines_toml;
use serde_json::{Value, json};

use crate::platform::Platform;
use crate::support::{Project, package, payload};

/// A project of the app `a`, on a platform that keeps what it is given.
fn project(target: &str) -> (Project, Platform) {
    let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
    write_settings(&project, target, "acme/a:v1");
    let platform = Platform::new(project.path("platform"));
    platform.install(&project);
    (project, platform)
}

fn write_settings(project: &Project, target: &str, image: &str) {
    let settings = format!(
        "[workspace]\n[workspace.metadata.machinist]\ntarget = \"{target}\"\nimage = \"{image}\""
    );
    project.write("Cargo.toml", &package("p", &settings));
}

fn write_app(project: &Project, name: &str, gpus: u64, max: u64) {
    let code = json!({"machine_type": ["GPU-H100"], "gpus": gpus, "port": 8080});
    let scaling = json!({"max_concurrency": max});
    project.write_binary("a.wasm", &[payload(name, "p", &code, &scaling)]);
}

const DEPLOY: [&str; 5] = ["deploy", "-yq", "--binary", "a.wasm", "--color=never"];

#[test]
fn a_rollback_to_the_same_runs_nothing_and_says_so() {
    for target in ["fal", "skypilot"] {
        let (project, platform) = project(target);
        write_app(&project, "a", 1, 5);
        project.run(&DEPLOY).exits(0);
        project.run(&[&DEPLOY[..], &["--force"]].concat()).exits(0);
        platform.take_calls();
        let back = project.run(&["rollback", "a", "-y"]).exits(0);
        assert!(back.stdout.ends_with(": 1 unchanged\n"), "{back:?}");
        let said = "Unchanged what is deployed matches the deploy of 20";
        assert!(back.stderr.contains(said), "{back:?}");
        assert!(platform.take_calls().is_empty());
    }
}

#[test]
fn a_rollback_keeps_what_is_tuned_and_what_is_invalid_together_is_refused() {
    for target in ["fal", "skypilot"] {
        let (project, platform) = project(target);
        write_app(&project, "a", 1, 3);
        project.run(&DEPLOY).exits(0);
        write_app(&project, "a", 2, 10);
        project.run(&DEPLOY).exits(0);
        project.run(&["scale", "a", "min_concurrency=8"]).exits(0);
        project.run(&["rollback", "a", "-yq"]).exits(0);
        let app = &platform.apps()["a"];
        assert_eq!(
            (app.gpus, app.min_concurrency, app.max_concurrency),
            (1, Some(8), Some(10))
        );
        write_app(&project, "a", 2, 3);
        platform.take_calls();
        for args in [&DEPLOY[..], &["plan", "--binary", "a.wasm"]] {
            let refused = project.run(args).exits(1).stderr;
            let said = "error: `a`: `min_concurrency` (8) exceeds `max_concurrency` (3)\n\
                        help: reset the tuned value with \
                        `cargo machinist scale a --reset min_concurrency`";
            assert!(refused.contains(said), "{refused}");
        }
        let typed = project.run(&["scale", "a", "max_concurrency=5"]).exits(1);
        let said = "exceeds `max_concurrency` (5)\nhelp: set both in one command";
        assert!(typed.stderr.contains(said), "{typed:?}");
        assert!(platform.take_calls().is_empty());
    }
}

#[test]
fn a_rollback_with_its_scaling_shows_each_value_once() {
    let (project, _) = project("skypilot");
    write_app(&project, "a", 1, 10);
    project.run(&DEPLOY).exits(0);
    project.run(&["scale", "a", "min_concurrency=5"]).exits(0);
    project.run(&[&DEPLOY[..], &["--force"]].concat()).exits(0);
    project.run(&["scale", "a", "min_concurrency=8"]).exits(0);
    let back = project.run(&["rollback", "a", "--to", "3", "--with-scaling", "-y"]);
    let shown = "~ a  update\n    min_concurrency  8 -> 5  (rolled back)\n\n";
    assert!(back.stdout.starts_with(shown), "{back:?}");
}

#[test]
fn a_rollback_brings_custom_machines_back() {
    let (project, _) = project("skypilot");
    let machines = "[GPU-A6000]\nvram = \"48 GB\"\nram = \"60 GB\"\ncpus = 12\nbandwidth = \"768 GB/s\"\naccelerator = \"RTXA6000\"\n";
    let machines = machines_toml::read(machines).unwrap();
    let code = json!({"machine_type": ["GPU-A6000"], "gpus": 1, "port": 8080});
    let mut app = payload("a", "p", &code, &json!({}));
    let machine: Value = serde_json::from_str(&machines[0].json()).unwrap();
    app["machines"] = json!([machine]);
    project.write_binary("a.wasm", &[app]);
    project.run(&DEPLOY).exits(0);
    let sent = project.read("platform/platform.json");
    assert!(sent.contains("\"RTXA6000\":1"), "{sent}");
    write_app(&project, "a", 1, 5);
    project.run(&DEPLOY).exits(0);
    project.run(&["rollback", "a", "-yq"]).exits(0);
    let sent = project.read("platform/platform.json");
    assert!(sent.contains("\"RTXA6000\":1"), "{sent}");
}

#[test]
fn a_repeated_scale_sends_the_image_on_record() {
    let (project, platform) = project("skypilot");
    write_app(&project, "a", 1, 5);
    project.run(&DEPLOY).exits(0);
    write_settings(&project, "skypilot", "acme/a:v2");
    for is_done_first in [false, true] {
        platform.fail_once("a", is_done_first);
        let scale = ["scale", "a", "max_concurrency=9"];
        // The other command of `sky` fails too: there is one service of a name.
        project.run(&scale).exits(1);
        let plan = project.run(&["plan", "-q", "--binary", "a.wasm"]).exits(0);
        assert!(
            plan.stdout
                .contains("    deployment  not the one on record"),
            "{plan:?}"
        );
        project.run(&scale).exits(0);
        assert_eq!(platform.apps()["a"].image, "acme/a:v1");
        project
            .run(&["scale", "a", "--reset", "max_concurrency"])
            .exits(0);
    }
}

#[test]
fn what_was_made_public_is_made_private_by_a_rollback() {
    let (project, _) = project("fal");
    for gpus in [1, 2] {
        write_app(&project, "a", gpus, 5);
        project.run(&DEPLOY).exits(0);
    }
    let all = project.read("platform/platform.json");
    let mut all: Value = serde_json::from_str(&all).unwrap();
    all["apps"]["a"]["auth"] = "public".into();
    fs::write(project.path("platform/platform.json"), all.to_string()).unwrap();
    let apps = project.run(&["apps", "-q"]).exits(0).stdout;
    assert!(apps.contains("  auth  "), "{apps}");
    let apps = project.run(&["apps", "-q", "--format=json"]).json();
    assert_eq!(apps["apps"][0]["other_drift"][0]["from"], "public");
    let back = project.run(&["rollback", "a", "-y"]).exits(0);
    let shown = "    auth  public -> private  (drift: changed outside the code)\n";
    assert!(back.stdout.contains(shown), "{back:?}");
    assert!(
        back.stderr.contains("set-rev a r1 --auth private"),
        "{back:?}"
    );
}

#[test]
fn the_history_of_a_renamed_app_has_no_revisions_of_the_old_one() {
    let (project, platform) = project("fal");
    write_app(&project, "old", 1, 5);
    project.run(&DEPLOY).exits(0);
    write_app(&project, "new", 2, 5);
    project.run(&["mv", "old", "new"]).exits(0);
    project.run(&[&DEPLOY[..], &["--prune"]].concat()).exits(0);
    platform.take_calls();
    let back = project.run(&["rollback", "new", "-y"]).exits(1).stderr;
    assert!(
        back.contains("error: fal cannot go back to the deploy of 20"),
        "{back}"
    );
    assert!(platform.take_calls().is_empty());
}

#[test]
fn a_wrong_rename_is_taken_back() {
    let (project, platform) = project("fal");
    write_app(&project, "old", 1, 5);
    project.run(&DEPLOY).exits(0);
    project.run(&["mv", "old", "nwe"]).exits(0);
    let apps = project.run(&["apps", "-q"]).exits(0).stdout;
    let row = "nwe   -             -     -      -      not on the platform\n";
    assert!(apps.contains(row), "{apps}");
    platform.take_calls();
    let gone = project.run(&["destroy", "nwe", "-y"]).exits(0);
    assert_eq!(
        gone.stdout,
        "- nwe  delete\n\nfal, environment main: 1 to delete\n"
    );
    assert!(platform.take_calls().is_empty());
    let apps = project.run(&["apps", "-q"]).exits(0).stdout;
    assert!(!apps.contains("nwe"), "{apps}");
}

#[test]
fn tuned_values_outlive_an_app_that_the_platform_lost() {
    let (project, platform) = project("fal");
    write_app(&project, "a", 1, 5);
    project.run(&DEPLOY).exits(0);
    project.run(&["scale", "a", "max_concurrency=9"]).exits(0);
    platform.lose("a");
    let deploy = project.run(&DEPLOY).exits(0).stdout;
    assert!(
        deploy.contains("max_concurrency  stays 9  (tuned; the code says 5)\n"),
        "{deploy}"
    );
    assert_eq!(platform.apps()["a"].max_concurrency, Some(9));
}

#[test]
fn what_a_killed_deploy_has_set_is_not_tuned_until_somebody_tunes_it() {
    let (project, platform) = project("fal");
    write_app(&project, "a", 1, 5);
    project.run(&DEPLOY).exits(0);
    // As a deploy of the value 8 leaves it that is killed after its last command.
    let mut state: Value = serde_json::from_str(&project.read("machinist-state.json")).unwrap();
    state["targets"]["fal"]["apps"]["a"]["begun_scaling"] = json!({"max_concurrency": 8});
    project.write("machinist-state.json", &state.to_string());
    platform.change("a", "max_concurrency", 8);
    write_app(&project, "a", 1, 8);
    let plan = ["plan", "-q", "--binary", "a.wasm"];
    let unchanged = "fal, environment main: 1 unchanged\n";
    assert_eq!(project.run(&plan).exits(0).stdout, unchanged);
    project.run(&["scale", "a", "max_concurrency=8"]).exits(0);
    write_app(&project, "a", 1, 6);
    let tuned = project
        .run(&[&plan[..], &["--format=json"]].concat())
        .json();
    assert_eq!(tuned["apps"][0]["tuned"][0]["value"], 8);
    assert_eq!(tuned["apps"][0]["action"], "unchanged");
}

#[test]
fn a_value_is_not_set_and_reset_at_once() {
    let (project, _) = project("skypilot");
    write_app(&project, "a", 1, 5);
    project.run(&DEPLOY).exits(0);
    let both = [
        "scale",
        "a",
        "max_concurrency=9",
        "--reset",
        "max_concurrency",
    ];
    project
        .run(&both)
        .exits(1)
        .says("error: `max_concurrency` is set and reset at once\nhelp: leave out one of them");
}

#[test]
fn a_history_is_checked_as_the_rest_of_a_state() {
    let (project, _) = project("skypilot");
    write_app(&project, "a", 1, 5);
    project.run(&DEPLOY).exits(0);
    let state: Value = serde_json::from_str(&project.read("machinist-state.json")).unwrap();
    for (key, wrong) in [
        ("overrides", json!({"gpus": 4})),
        ("overrides", json!({"max_concurrency": 0})),
        (
            "code",
            json!({"machine_type": ["GPU-H100"], "port": 99_999}),
        ),
    ] {
        let mut state = state.clone();
        state["targets"]["skypilot"]["apps"]["a"]["history"][0][key] = wrong;
        project.write("machinist-state.json", &state.to_string());
        let refused = project.run(&["rollback", "a", "--to", "1", "--with-scaling", "-y"]);
        assert!(refused.exits(1).stderr.contains("this is not a state"));
    }
}
