//! The target `skypilot`, with a fake tool that only records its calls. The tests of the workspace
//! use SkyPilot's own parser.
#![cfg(unix)]

use std::fs;

use serde_json::json;

use crate::support::{Project, package};

fn project() -> Project {
    let project = Project::with_one_app();
    project.write("Cargo.toml", &settings("acme/a:v1"));
    project.with_tool(
        "sky",
        "#!/bin/sh\necho \"$*\" >> \"$(dirname \"$0\")/calls\"\n",
    );
    set_app(&project, 300);
    project
}

/// A Cargo.toml with this image.
fn settings(image: &str) -> String {
    let settings =
        format!("[package.metadata.machinist]\ntarget = \"skypilot\"\nimage = \"{image}\"");
    package("p", &settings)
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

fn service(project: &Project) -> String {
    project.read(&project.rendered("skypilot/a/service.yaml"))
}

#[test]
fn the_first_deploy_is_up_and_later_ones_update_with_tuned_values() {
    let project = project();
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(
        take_calls(&project),
        ["serve up --yes --service-name a service.yaml"]
    );
    assert!(service(&project).contains("\"downscale_delay_seconds\": 300\n"));
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());

    project.run(&["scale", "a", "keep_alive=10m"]).exits(0);
    assert_eq!(take_calls(&project), ["serve update --yes a service.yaml"]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 600\n"));

    // What the code says of a tuned value changes nothing.
    set_app(&project, 60);
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());
    // An update replaces the service, so the tuned value comes from the state.
    project.write("Cargo.toml", &settings("acme/a:v2"));
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(take_calls(&project), ["serve update --yes a service.yaml"]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 600\n"));
    project.run(&["deploy", "-yq", "--reset-scaling"]).exits(0);
    assert_eq!(take_calls(&project), ["serve update --yes a service.yaml"]);
    assert!(service(&project).contains("\"downscale_delay_seconds\": 60\n"));
    project.run(&["deploy", "-yq", "--reset-scaling"]).exits(0);
    assert!(take_calls(&project).is_empty());
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
warning: `regions` of `a` is not supported by SkyServe and is left out";
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
