//! The target `skypilot`, with a fake tool that only records its calls. The tests of the workspace
//! use SkyPilot's own parser.
#![cfg(unix)]

use std::fs;

use serde_json::json;

use crate::support::{Project, package};

/// A `sky` that knows which services run, in the folder `services`.
const SKY: &str = r#"#!/bin/sh
cd "$(dirname "$0")" && mkdir -p services
echo "$*" >> calls
[ "$2" = up ] && name=$5 || name=$4
if [ -e broken ]; then
    echo "sky: out of GPUs" >&2
    exit 1
fi
case $2 in
    up)
        [ ! -e services/$name ] || { echo "The service '$name' is already running." >&2; exit 1; }
        touch services/$name ;;
    update)
        [ -e services/$name ] || { echo "Service '$name' does not exist." >&2; exit 1; } ;;
    down)
        rm services/$name ;;
esac
"#;

fn project() -> Project {
    let project = Project::with_one_app();
    set_settings(&project, "");
    project.with_tool("sky", SKY);
    set_app(&project, 300);
    project
}

fn set_settings(project: &Project, settings: &str) {
    let all = "[package.metadata.machinist]\ntarget = \"skypilot\"\nimage = \"acme/a:v1\"\n";
    project.write("Cargo.toml", &package("p", &format!("{all}{settings}")));
}

fn set_app(project: &Project, keep_alive: u32) {
    project.set_app(
        &json!({"machine_type": ["GPU-H100", "GPU-H200"], "gpus": 2, "port": 8080}),
        &json!({"keep_alive": keep_alive, "max_concurrency": 4}),
    );
}

fn take_calls(project: &Project) -> Vec<String> {
    let calls = fs::read_to_string(project.path("bin/calls")).unwrap_or_default();
    let _ = fs::remove_file(project.path("bin/calls"));
    calls.lines().map(str::to_owned).collect()
}

/// The only rendered file of this name.
fn rendered(project: &Project, file: &str) -> String {
    let folders = fs::read_dir(project.path("target/machinist")).unwrap();
    let files = folders.map(|folder| folder.unwrap().path().join("a").join(file));
    let texts: Vec<String> = files
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts.into_iter().next().unwrap()
}

fn service(project: &Project) -> String {
    rendered(project, "service.yaml")
}

const UP: &str = "serve up --yes --service-name a service.yaml";
const UPDATE: &str = "serve update --yes a service.yaml";

#[test]
fn the_first_deploy_is_up_and_later_ones_update_with_tuned_values() {
    let project = project();
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(take_calls(&project), [UP]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 300\n"));
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());

    project.run(&["scale", "a", "keep_alive=10m"]).exits(0);
    assert_eq!(take_calls(&project), [UPDATE]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 600\n"));
    // The tuned value is there already.
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());
    project.run(&["deploy", "-yq", "--force"]).exits(0);
    assert_eq!(take_calls(&project), [UPDATE]);

    // What the code says of a tuned value changes nothing.
    set_app(&project, 60);
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());
    // An update replaces the service, so the tuned value comes from the state.
    set_settings(&project, "auth = \"public\"\n");
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(take_calls(&project), [UPDATE]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 600\n"));
    project.run(&["deploy", "-yq", "--reset-scaling"]).exits(0);
    assert_eq!(take_calls(&project), ["serve update --yes a service.yaml"]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 60\n"));
    project.run(&["deploy", "-yq", "--reset-scaling"]).exits(0);
    assert!(take_calls(&project).is_empty());
}

#[test]
fn a_lost_or_old_state_finds_its_way() {
    let project = project();
    project.run(&["deploy", "-yq"]).exits(0);
    take_calls(&project);
    // The state is lost, and the service runs.
    fs::remove_file(project.path("machinist-state.json")).unwrap();
    let answer = project.run(&["deploy", "-y"]).exits(0);
    assert_eq!(take_calls(&project), [UP, UPDATE]);
    assert!(answer.stderr.contains("already running"), "{answer:?}");
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());

    // The service is lost, and the state has it.
    fs::remove_file(project.path("bin/services/a")).unwrap();
    project.run(&["scale", "a", "keep_alive=10m"]).exits(0);
    assert_eq!(take_calls(&project), [UPDATE, UP]);
    assert!(project.path("bin/services/a").exists());
}

#[test]
fn what_fails_both_ways_shows_both_outputs_and_changes_nothing() {
    let project = project();
    project.write("bin/broken", "");
    let answer = project.run(&["deploy", "-yq"]).exits(1);
    assert_eq!(take_calls(&project), [UP, UPDATE]);
    assert_eq!(answer.stderr.matches("sky: out of GPUs").count(), 2);
    for said in [
        "error: `sky serve up --yes --service-name a service.yaml` failed (exit status: 1), and \
         `sky serve update --yes a service.yaml` failed (exit status: 1)\n",
        "help: see the output of both above, fix the cause and try again: what was done is kept\n",
    ] {
        assert!(answer.stderr.contains(said), "{answer:?}");
    }
    fs::remove_file(project.path("bin/broken")).unwrap();
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(take_calls(&project), [UP]);
}

#[test]
fn regions_have_the_names_of_the_settings() {
    let project = project();
    project.set_app(
        &json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 80}),
        &json!({"regions": ["us-west", "eu-north"]}),
    );
    let names = |us_west: &str| {
        set_settings(
            &project,
            &format!("[package.metadata.machinist.skypilot]\nregions.us-west = \"{us_west}\"\n"),
        );
    };
    names("us-west-2");
    project.run(&["deploy", "-yq"]).exits(0).says(
        "warning: `regions` of `a`: `eu-north` is left out, because SkyPilot's name of it is not known\n\
         help: write `skypilot.regions.eu-north = \"...\"` in `[workspace.metadata.machinist]`",
    );
    assert!(service(&project).contains("\"infra\": \"*/us-west-2\""));
    names("aws/us-west-2");
    let plan = project.run(&["plan", "-q"]).exits(0).stdout;
    assert!(
        plan.contains("region_names  us-west as us-west-2 -> us-west as aws/us-west-2"),
        "{plan}"
    );
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(service(&project).contains("\"infra\": \"aws/us-west-2\""));
    take_calls(&project);
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());
}

#[test]
fn a_gpu_asks_for_no_memory_and_cores_that_the_code_does_not_require() {
    let project = project();
    project.run(&["deploy", "-yq"]).exits(0);
    let service = service(&project);
    assert!(
        !service.contains("cpus") && !service.contains("memory"),
        "{service}"
    );
}

#[test]
fn unsupported_parameters_are_warnings_and_with_strict_an_error() {
    let project = project();
    project.set_app(
        &json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 80, "termination_grace_period": 9}),
        &json!({"regions": ["us-west"]}),
    );
    let warnings = "\
warning: `termination_grace_period` of `a` is not supported by SkyServe and is left out
warning: `regions` of `a`: `us-west` is left out, because SkyPilot's name of it is not known
help: write `skypilot.regions.us-west = \"...\"` in `[workspace.metadata.machinist]`";
    project
        .run(&["deploy", "-q", "--dry-run"])
        .exits(0)
        .says(warnings);
    project
        .run(&["deploy", "-yq", "--strict"])
        .exits(1)
        .says(&format!(
            "{warnings}\nerror: with `--strict`, what the platform does not support is an error\n\
         help: resolve the warnings, or leave out `--strict`"
        ));
    assert!(take_calls(&project).is_empty());
}

#[test]
fn a_missing_port_or_image_is_an_error() {
    let project = project();
    project.set_app(&json!({"machine_type": ["S"]}), &json!({}));
    project
        .run(&["deploy", "-yq"])
        .exits(1)
        .says("error: SkyServe needs the port of `a`\nhelp: write `port = 8080` in its attribute");
    project.write(
        "Cargo.toml",
        &package("p", "[package.metadata.machinist]\ntarget = \"skypilot\""),
    );
    project.run(&["deploy", "-yq"]).exits(1).says(
        "error: SkyServe needs a container image, and `a` has none\n\
         help: write `apps.a.image = \"...\"` in `[workspace.metadata.machinist]`",
    );
    project.write(
        "Cargo.toml",
        &package("p", "[package.metadata.machinist]\ntarget = \"knative\""),
    );
    project
        .run(&["deploy", "-yq", "--no-refresh"])
        .exits(1)
        .says(
            "error: Knative needs a container image, and `a` has none\n\
         help: write `apps.a.image = \"...\"` in `[workspace.metadata.machinist]`",
        );
}
