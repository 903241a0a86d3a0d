//! `cargo machinist doctor`, with tools that answer as the real ones do.
#![cfg(target_os = "linux")]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use machinist_deploy::Store;
use serde_json::json;

use crate::support::{Answer, Project, answer, git, package};

/// A project without an app that is built, where no tool of a platform is installed.
fn project(settings: &str) -> Project {
    let settings = format!("[workspace]\n[workspace.metadata.machinist]\n{settings}");
    let project = Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", "fn main() {}\n"),
        ("bin/README", ""),
    ]);
    let output = Command::new("sh")
        .args(["-c", "command -v git"])
        .output()
        .unwrap();
    let installed = String::from_utf8(output.stdout).unwrap();
    symlink(installed.trim(), project.path("bin/git")).unwrap();
    git(&project.path(""), &["init", "--quiet"]);
    project
}

/// The command with no tools but those of the project, and no login but those that are given.
fn doctor_with(project: &Project, args: &[&str], variables: &[(&str, &str)]) -> Answer {
    let mut command = project.command(&[&["doctor"], args].concat());
    let cargo = Path::new(env!("CARGO"));
    command
        .env("PATH", format!("{}:/bin", project.path("bin").display()))
        .env("CARGO", cargo)
        .env("RUSTC", cargo.with_file_name("rustc"))
        .env("HOME", project.path("home"));
    for variable in [
        "FAL_KEY",
        "FAL_KEY_ID",
        "FAL_KEY_SECRET",
        "FAL_HOME_DIR",
        "FAL_ENV",
        "KUBECONFIG",
    ] {
        command.env_remove(variable);
    }
    answer(command.envs(variables.iter().copied()))
}

fn doctor(project: &Project, args: &[&str]) -> Answer {
    doctor_with(project, args, &[])
}

/// The line of a check.
#[track_caller]
fn line<'a>(answer: &'a Answer, subject: &str) -> &'a str {
    let is_of = |line: &&str| {
        line.get(8..)
            .is_some_and(|line| line.starts_with(&format!("{subject}: ")))
    };
    answer
        .stdout
        .lines()
        .find(is_of)
        .unwrap_or_else(|| panic!("{subject}: {answer:#?}"))
}

fn fal(version: &str, list: &str) -> String {
    format!("#!/bin/sh\ncase \"$1\" in\n--version) echo {version} ;;\n*) {list} ;;\nesac\n")
}

const NO_APPS: &str = "echo '{\"apps\": []}'";
const KEY: (&str, &str) = ("FAL_KEY", "id:very-secret");

#[test]
fn all_is_well_where_the_tool_is_signed_in_and_answers() {
    let project = project("target = \"fal\"");
    project.with_tool("fal", &fal("1.83.0", NO_APPS));
    let answer = doctor_with(&project, &[], &[KEY]).exits(0);
    assert_eq!(line(&answer, "fal"), "ok      fal: 1.83.0");
    assert_eq!(
        line(&answer, "fal login"),
        "ok      fal login: `FAL_KEY` is set"
    );
    assert_eq!(line(&answer, "place"), "ok      place: environment main");
    assert_eq!(
        line(&answer, "platform"),
        "ok      platform: it answers, and has 0 apps"
    );
    assert!(line(&answer, "cargo").starts_with("ok "));
    assert!(line(&answer, "rustc").starts_with("ok "));
    assert!(line(&answer, "git").starts_with("ok "));
    assert!(!answer.stdout.contains("very-secret"));
    // A login is a file.
    project.write("home/.fal/auth0_token", "token");
    let answer = doctor(&project, &[]).exits(0);
    assert!(line(&answer, "fal login").starts_with("ok "), "{answer:#?}");
}

#[test]
fn a_missing_an_old_and_a_new_tool_are_told_apart() {
    let project = project("target = \"fal\"");
    let answer = doctor_with(&project, &[], &[KEY]).exits(1);
    let missing = line(&answer, "fal");
    assert!(
        missing.starts_with("error   fal: cannot run `fal`"),
        "{missing}"
    );
    assert!(
        missing.contains("; install it with `pip install fal`"),
        "{missing}"
    );
    project.with_tool("fal", &fal("1.75.5", NO_APPS));
    let answer = doctor_with(&project, &[], &[KEY]).exits(0);
    assert_eq!(
        line(&answer, "fal"),
        "warning fal: 1.75.5, older than 1.83.0, the version that was tested; upgrade it; it is \
         installed with `pip install fal` and `fal auth login`"
    );
    project.with_tool("fal", &fal("2.0.0", NO_APPS));
    let answer = doctor_with(&project, &[], &[KEY]).exits(0);
    assert_eq!(
        line(&answer, "fal"),
        "ok      fal: 2.0.0 (tested with 1.83.0)"
    );
}

#[test]
fn who_is_not_signed_in_is_told_so_and_the_platform_is_not_asked() {
    let project = project("target = \"fal\"");
    project.with_tool("fal", &fal("1.83.0", "touch \"$HOME/../asked\"; exit 1"));
    let answer = doctor(&project, &[]).exits(1);
    assert_eq!(
        line(&answer, "fal login"),
        "error   fal login: not signed in: neither a key nor a file of a login is there; run `fal \
         auth login`, or set `FAL_KEY`"
    );
    assert!(!project.path("asked").exists());
    let dstack = self::project("target = \"dstack\"\nimage = \"a:v1\"");
    dstack.with_tool("dstack", &fal("0.22.5", "exit 1"));
    let answer = doctor(&dstack, &[]).exits(1);
    assert!(line(&answer, "dstack project").ends_with("run `dstack project add`"));
}

#[test]
fn a_platform_that_does_not_answer_is_an_error_unless_nobody_asks() {
    let project = project("target = \"fal\"");
    project.with_tool("fal", &fal("1.83.0", "echo 'invalid key' >&2; exit 1"));
    let answer = doctor_with(&project, &[], &[KEY]).exits(1);
    let shown = line(&answer, "platform");
    assert!(
        shown.starts_with("error   platform: `fal apps list"),
        "{shown}"
    );
    assert!(shown.contains("invalid key"), "{shown}");
    doctor_with(&project, &["--offline"], &[KEY]).exits(0);
}

const KUBECTL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$*" >> "$root/calls"
case "$*" in
"version --client") echo "Client Version: v1.37.0" ;;
*"config view"*) echo '{"current-context": "c", "contexts": [{"name": "c", "context": {}}]}' ;;
*configmap*) cat "$root/maps.json" ;;
*"get ksvc"*) echo '{"items": []}' ;;
*) exit 1 ;;
esac
"#;

#[test]
fn features_that_the_cluster_has_off_are_errors() {
    let project = project("target = \"knative\"\nimage = \"debian:12\"");
    project.with_tool("kubectl", KUBECTL);
    let map = |features: &serde_json::Value| {
        let maps = json!({"items": [
            {"metadata": {"name": "config-features"}, "data": features},
            {"metadata": {"name": "config-defaults"}, "data": {"max-revision-timeout-seconds": "900"}},
        ]});
        project.write("maps.json", &maps.to_string());
    };
    map(&json!({}));
    let answer = doctor(&project, &[]).exits(1);
    let shown = line(&answer, "kubernetes.podspec-affinity");
    assert!(
        shown.starts_with(
            "error   kubernetes.podspec-affinity: disabled, and machine types with GPUs"
        ),
        "{shown}"
    );
    assert!(shown.contains("; run `kubectl patch configmap config-features -n knative-serving"));
    assert!(line(&answer, "max-revision-timeout-seconds").ends_with("at most 900"));
    map(&json!({"kubernetes.podspec-affinity": "enabled"}));
    let answer = doctor(&project, &[]).exits(0);
    assert_eq!(
        line(&answer, "place"),
        "ok      place: context c, namespace default"
    );
    project.take_calls();
    doctor(&project, &["--offline"]).exits(0);
    let calls = project.take_calls();
    assert!(!calls.iter().any(|call| call.contains("get")), "{calls:?}");
}

#[test]
fn settings_and_a_state_that_cannot_be_read_are_errors() {
    let bad_settings = project("targte = \"fal\"");
    let answer = doctor(&bad_settings, &[]).exits(1);
    assert!(
        line(&answer, "settings").contains("`targte`"),
        "{answer:#?}"
    );
    let bad_state = project("target = \"file\"");
    bad_state.write("machinist-state.json", "<<<<<<< HEAD\n");
    let answer = doctor(&bad_state, &[]).exits(1);
    assert!(
        line(&answer, "state").starts_with("error   state: `"),
        "{answer:#?}"
    );
}

#[test]
fn a_lock_that_is_held_is_said() {
    let project = project("target = \"file\"");
    let store = Store::open(project.path("machinist-state.json"), None).unwrap();
    let answer = doctor(&project, &[]).exits(0);
    assert!(
        line(&answer, "lock").contains("is in use by process"),
        "{answer:#?}"
    );
    drop(store);
    let answer = doctor(&project, &[]).exits(0);
    assert!(line(&answer, "lock").starts_with("ok "), "{answer:#?}");
}

#[test]
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
fn a_binary_that_does_not_start_in_its_image_is_an_error() {
    let project = Project::with_one_app();
    project.with_tool("fal", &fal("1.83.0", NO_APPS));
    let doctor = |args: &[&str]| {
        let fal = ["doctor", "--target", "fal", "--offline", "--format", "json"];
        answer(
            project
                .command(&[&fal, args].concat())
                .env("FAL_KEY", "a:b"),
        )
    };
    let status = |answer: &Answer, subject: &str| {
        let json = answer.json();
        let checks = json["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|check| check["subject"] == subject);
        check.map(|check| check["status"].as_str().unwrap().to_owned())
    };
    let unbuilt = doctor(&[]).exits(0);
    assert_eq!(status(&unbuilt, "binaries").as_deref(), Some("warning"));
    project.write(
        "Dockerfile",
        "FROM alpine:3.20\nCOPY p /p\nENTRYPOINT [\"/p\"]\n",
    );
    // A plan warns of it too, and builds it.
    let plan = project
        .run(&["plan", "--target", "fal", "--no-refresh"])
        .exits(0);
    let warning = ", and `alpine:3.20` has musl, so it would end when it starts";
    assert!(plan.stderr.contains(warning), "{plan:#?}");
    let broken = doctor(&[]).exits(1);
    assert_eq!(status(&broken, "C library of a").as_deref(), Some("error"));
    assert_eq!(status(&broken, "processor of a").as_deref(), Some("ok"));
    assert_eq!(broken.json()["ok"], false);
    project.write(
        "Dockerfile",
        "FROM debian:trixie-slim\nCOPY p /p\nENTRYPOINT [\"/p\"]\n",
    );
    let fine = doctor(&["--binary", "target/release/p"]).exits(0);
    assert_eq!(status(&fine, "C library of a").as_deref(), Some("ok"));
    assert_eq!(status(&fine, "libraries of a").as_deref(), Some("ok"));
    project.write("Dockerfile", "FROM acme/own:1\nCOPY p /p\n");
    let unknown = doctor(&[]).exits(0);
    assert_eq!(
        status(&unknown, "C library of a").as_deref(),
        Some("warning")
    );
    assert!(
        unknown
            .stdout
            .contains("docker run --rm --entrypoint ldd acme/own:1 --version")
    );
    // A binary for another platform.
    project.write_binary(
        "a.wasm",
        &[crate::support::payload(
            "a",
            "p",
            &json!({"machine_type": ["S"]}),
            &json!({}),
        )],
    );
    let wasm = doctor(&["--binary", "a.wasm"]).exits(1);
    assert_eq!(status(&wasm, "processor of a").as_deref(), Some("error"));
}
