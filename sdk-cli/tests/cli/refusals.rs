//! What a deploy refuses, the plan refuses in the same words, and nothing is run.
#![cfg(unix)]

use machinist_deploy::{FILE, TARGETS};
use serde_json::{Value, json};

use crate::support::{Project, package, payload};

/// A package with these settings, and the app `svc` in a binary.
fn project(settings: &str) -> Project {
    let settings = format!("[workspace]\n[workspace.metadata.machinist]\n{settings}");
    let project = Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.with_sky();
    for tool in ["fal", "kubectl"] {
        project.with_tool(
            tool,
            "#!/bin/sh\necho $* >> \"$(dirname \"$0\")/../calls\"\nexit 1\n",
        );
    }
    set_app(
        &project,
        &json!({"port": 8080}),
        &json!({"max_concurrency": 10}),
    );
    project
}

fn set_app(project: &Project, code: &Value, scaling: &Value) {
    let mut all = json!({"machine_type": ["GPU-H100"], "gpus": 1});
    all.as_object_mut()
        .unwrap()
        .extend(code.as_object().unwrap().clone());
    project.write_binary("a.wasm", &[payload("svc", "p", &all, scaling)]);
}

const BINARY: [&str; 2] = ["--binary", "a.wasm"];

/// Asserts that plan and deploy refuse in these words, and that nothing runs.
#[track_caller]
fn assert_refused(project: &Project, flags: &[&str], expected: &str) {
    for args in [&["plan", "-q"][..], &["deploy", "-yq"]] {
        let args = [args, &BINARY, flags].concat();
        project.run(&args).exits(1).says(expected);
    }
    assert!(project.take_calls().is_empty());
}

#[test]
fn the_plan_refuses_what_the_deploy_refuses() {
    for (settings, code, flags, expected) in [
        (
            "target = \"skypilot\"",
            json!({"port": 8080}),
            &[][..],
            "error: SkyServe needs a container image, and `svc` has none\n\
             help: write `apps.svc.image = \"...\"` in `[workspace.metadata.machinist]`",
        ),
        (
            "target = \"skypilot\"\nimage = \"acme/a:v1\"",
            json!({}),
            &[],
            "error: SkyServe needs the port of `svc`\nhelp: write `port = 8080` in its attribute",
        ),
        (
            "target = \"skypilot\"\nimage = \"acme/a:v1\"",
            json!({"port": 8080, "termination_grace_period": 9}),
            &["--strict"],
            "warning: `termination_grace_period` of `svc` is not supported by SkyServe and is left out\n\
             error: with `--strict`, what the platform does not support is an error\n\
             help: resolve the warnings, or leave out `--strict`",
        ),
        (
            "target = \"fal\"",
            json!({"port": 8080}),
            &["--no-refresh"],
            "error: `a.wasm` is a wasm module, and fal runs programs for linux x86_64\n\
             help: build it with `--target x86_64-unknown-linux-gnu`, or name an `image`",
        ),
    ] {
        let project = project(settings);
        set_app(&project, &code, &json!({}));
        assert_refused(&project, flags, expected);
    }
}

#[test]
fn a_plan_has_the_warnings_and_needs_of_each_app() {
    let project = project("target = \"knative\"\nimage = \"acme/a:v1\"");
    set_app(
        &project,
        &json!({"port": 8080, "termination_grace_period": 9}),
        &json!({"request_timeout": 3600}),
    );
    let plan = ["plan", "--no-refresh"];
    let text = project.run(&[&plan[..], &BINARY].concat()).exits(0);
    let warning = "`termination_grace_period` of `svc` is not supported by Knative and is left out";
    let need = "`max-revision-timeout-seconds: \"3600\"` or more in Knative's config-defaults";
    assert!(
        text.stderr.contains(&format!("warning: {warning}\n")),
        "{text:?}"
    );
    assert!(
        text.stderr.contains(&format!("       Needs {need}\n")),
        "{text:?}"
    );
    let json = project
        .run(&[&plan[..], &BINARY, &["--format=json"]].concat())
        .json();
    let app = &json["apps"][0];
    assert_eq!(app["warnings"][0]["message"], warning);
    assert!(
        app["needs"].as_array().unwrap().contains(&need.into()),
        "{app}"
    );
}

#[test]
fn rendering_asks_no_platform_and_needs_no_tool() {
    let platforms = TARGETS.iter().filter(|target| **target != FILE);
    for target in platforms {
        let project = project("image = \"acme/a:v1\"");
        let target = format!("--target={target}");
        let render = ["render", "-q", "--out", "out", &*target];
        project.run(&[&render[..], &BINARY].concat()).exits(0);
        assert!(project.path("out/svc").is_dir());
        assert!(project.take_calls().is_empty());
    }
}

#[test]
fn the_code_and_the_tuned_values_are_valid_together() {
    let project = project("target = \"skypilot\"\nimage = \"acme/a:v1\"");
    let deploy = [&["deploy", "-yq"], &BINARY[..]].concat();
    project.run(&deploy).exits(0);
    project.run(&["scale", "svc", "min_concurrency=8"]).exits(0);
    project.take_calls();
    set_app(
        &project,
        &json!({"port": 8080}),
        &json!({"max_concurrency": 3}),
    );
    assert_refused(
        &project,
        &[],
        "error: `svc`: `min_concurrency` (8) exceeds `max_concurrency` (3)\n\
         help: reset the tuned value with `cargo machinist scale svc --reset min_concurrency`, \
         or change the code\n\
         note: tuned: `min_concurrency`",
    );
    // The advice helps.
    project
        .run(&["scale", "svc", "--reset", "min_concurrency"])
        .exits(0);
    project.run(&deploy).exits(0);
    assert!(project.services()["svc"].contains("\"max_replicas\": 3"));
    // So does a reset with the deploy.
    project.run(&["scale", "svc", "min_concurrency=3"]).exits(0);
    set_app(
        &project,
        &json!({"port": 8080}),
        &json!({"max_concurrency": 2}),
    );
    project
        .run(&[&deploy[..], &["--reset-scaling", "svc"]].concat())
        .exits(0);
    assert!(project.services()["svc"].contains("\"min_replicas\": 0"));
}

#[test]
fn the_values_of_a_state_follow_the_rules_of_scale() {
    let project = project("target = \"skypilot\"\nimage = \"acme/a:v1\"");
    project
        .run(&[&["deploy", "-yq"], &BINARY[..]].concat())
        .exits(0);
    let state: Value = serde_json::from_str(&project.read("machinist-state.json")).unwrap();
    project.take_calls();
    for (pointer, value, expected) in [
        (
            "overrides",
            json!({"gpus": 8}),
            "`gpus` is a code parameter and cannot be tuned",
        ),
        (
            "overrides",
            json!({"machine_type": ["GPU-B200"]}),
            "`machine_type` is a code parameter and cannot be tuned",
        ),
        (
            "overrides",
            json!({"min_concurrency": -3}),
            "min_concurrency",
        ),
        ("overrides", json!({"keep_alive": "10m"}), "keep_alive"),
        (
            "overrides",
            json!({"max_concurrency": 0}),
            "max_concurrency",
        ),
        ("overrides", json!({"regions": ["mars"]}), "mars"),
        (
            "code",
            json!({"machine_type": ["GPU-H100"], "gpus": 0}),
            "gpus",
        ),
        ("code", json!({"machine_type": ["a\nb"]}), "a\\nb"),
    ] {
        let mut spoilt = state.clone();
        spoilt["targets"]["skypilot"]["apps"]["svc"][pointer] = value.clone();
        project.write("machinist-state.json", &spoilt.to_string());
        for args in [&["plan", "-q"][..], &["deploy", "-yq"]] {
            let said = project.run(&[args, &BINARY].concat()).exits(1).stderr;
            assert!(
                said.starts_with("error: `machinist-state.json`: this is not a state: "),
                "{value}: {said}"
            );
            assert!(said.contains(expected), "{value}: {said}");
        }
        project.run(&["scale", "svc", "max_concurrency=5"]).exits(1);
    }
    assert!(project.take_calls().is_empty());
}

#[test]
fn a_serial_near_the_largest_number_is_no_panic() {
    let project = project("target = \"skypilot\"\nimage = \"acme/a:v1\"");
    let deploy = [&["deploy", "-yq"], &BINARY[..]].concat();
    project.run(&deploy).exits(0);
    let mut state: Value = serde_json::from_str(&project.read("machinist-state.json")).unwrap();
    let largest: u64 = 1 << 53;
    for (serial, code) in [
        (json!(largest - 1), 0),
        (json!(largest), 0),
        (json!(largest + 1), 1),
        (json!(u64::MAX), 1),
        (json!(-1), 1),
    ] {
        state["serial"] = serial.clone();
        project.write("machinist-state.json", &state.to_string());
        let answer = project
            .run(&["scale", "svc", "max_concurrency=7"])
            .exits(code);
        assert!(!answer.stderr.contains("panicked"), "{serial}: {answer:?}");
        project
            .run(&[&deploy[..], &["--reset-scaling"]].concat())
            .exits(code);
    }
}
