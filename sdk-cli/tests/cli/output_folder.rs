//! Each state has its own folder of rendered files, wherever cargo builds.
#![cfg(unix)]

use std::fs;

use serde_json::json;

use crate::support::{Answer, Project, answer, package, payload};

fn project(image: &str) -> Project {
    let settings = format!(
        "[workspace]\n[workspace.metadata.machinist]\ntarget = \"skypilot\"\nimage = \"{image}\""
    );
    let project = Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080});
    let app = |name| payload(name, "p", &code, &json!({}));
    project.write_binary("a.wasm", &[app("llm"), app("router")]);
    project.with_sky();
    project
}

/// Deploys with this build folder.
fn deploy(project: &Project, build_folder: &Project, flags: &[&str]) -> Answer {
    let mut command = project.command(&["deploy", "-yq", "--binary", "a.wasm"]);
    command.args(flags);
    answer(command.env("CARGO_TARGET_DIR", build_folder.path(""))).exits(0)
}

/// The rendered files with their texts, in the order of their paths.
fn rendered(build_folder: &Project) -> Vec<String> {
    let folders = fs::read_dir(build_folder.path("machinist")).unwrap();
    let folders = folders.map(|folder| folder.unwrap().path());
    let apps = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = apps.map(|app| app.unwrap().path().join("service.yaml"));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

#[test]
fn two_projects_with_one_build_folder_leave_each_other_alone() {
    let (one, two, build_folder) = (project("acme/one"), project("acme/two"), Project::empty());
    deploy(&one, &build_folder, &[]);
    deploy(&two, &build_folder, &[]);
    let rendered = rendered(&build_folder);
    for image in ["acme/one", "acme/two"] {
        let files = rendered.iter().filter(|text| text.contains(image));
        assert_eq!(files.count(), 2, "{rendered:?}");
    }
    let sent = one.services();
    assert!(
        sent.values().all(|text| text.contains("acme/one")),
        "{sent:?}"
    );
}

#[test]
fn two_states_of_one_project_leave_each_other_alone() {
    let (project, build_folder) = (project("acme/one"), Project::empty());
    deploy(&project, &build_folder, &[]);
    deploy(&project, &build_folder, &["--state", "prod.json"]);
    assert_eq!(rendered(&build_folder).len(), 4);
    // A deploy empties its own folder.
    deploy(
        &project,
        &build_folder,
        &["--state", "prod.json", "--force", "llm"],
    );
    assert_eq!(rendered(&build_folder).len(), 3);
}
