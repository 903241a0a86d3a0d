//! The target `dstack`, with a fake tool that only records its calls. The tests of the workspace use
//! dstack's own parser.
#![cfg(unix)]

use std::fs;

use serde_json::json;

use crate::support::{Project, package, record_of};

fn project(machine_types: &[&str]) -> Project {
    let project = Project::empty();
    let settings = "[package.metadata.machinist]\ntarget = \"dstack\"\nimage = \"acme/a:v1\"";
    project.write("Cargo.toml", &package("p", settings));
    let code = json!({"machine_type": machine_types, "gpus": 2, "port": 8080});
    let scaling = json!({"keep_alive": 300, "max_concurrency": 4});
    let main = record_of("app", "p", &code, &scaling) + "fn main() {}\n";
    project.write("src/main.rs", &main);
    project.with_tool(
        "dstack",
        "#!/bin/sh\necho \"$*\" >> \"$(dirname \"$0\")/calls\"\n",
    );
    project
}

fn take_calls(project: &Project) -> Vec<String> {
    let calls = fs::read_to_string(project.path("bin/calls")).unwrap_or_default();
    let _ = fs::remove_file(project.path("bin/calls"));
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn an_unchanged_app_is_deployed_again_by_the_tools_own_flag() {
    let project = project(&["GPU-H100"]);
    let apply = "apply --yes --detach -f service.dstack.yml";
    project.run(&["deploy", "-yq"]).exits(0).says("");
    assert_eq!(take_calls(&project), [apply]);
    project.run(&["scale", "app", "keep_alive=10m"]).exits(0);
    assert_eq!(take_calls(&project), [apply]);
    // The tuned value is there already.
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());
    project.run(&["deploy", "-yq", "--force"]).exits(0);
    assert_eq!(take_calls(&project), [format!("{apply} --force")]);
    project.run(&["deploy", "-yq"]).exits(0);
    assert!(take_calls(&project).is_empty());
}

#[test]
fn the_order_of_a_list_is_a_warning() {
    project(&["GPU-H100", "GPU-H200"])
        .run(&["plan", "-q"])
        .exits(0)
        .says(
            "warning: dstack approximates `machine_type` of `app`: it chooses among the machine \
             types of the list by price, not by their order",
        );
}
