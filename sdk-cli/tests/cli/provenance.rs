//! The commit that the history names.

use machinist_deploy::State;
use serde_json::json;

use crate::support::{self, Project, package};

const STATE: &str = "machinist-state.json";

/// A project in a repository of git, with one commit.
fn project() -> Project {
    let project = Project::with_one_app();
    project.write(".gitignore", "target\n");
    project.run(&["manifest", "-q"]).exits(0);
    git(&project, &["init", "-q"]);
    commit_all(&project);
    project
}

fn git(project: &Project, args: &[&str]) -> String {
    support::git(&project.path(""), args)
}

/// Commits everything, and gives the commit.
fn commit_all(project: &Project) -> String {
    git(project, &["add", "-A"]);
    git(project, &["commit", "-qm", "changed"]);
    git(project, &["rev-parse", "HEAD"])
}

fn set_gpus(project: &Project, gpus: u32) {
    project.set_app(
        &json!({"machine_type": ["GPU-H100"], "gpus": gpus}),
        &json!({}),
    );
}

/// Deploys, and gives the commit on record.
#[track_caller]
fn deployed_commit(project: &Project, state: &str) -> String {
    project.run(&["deploy", "-yq", "--state", state]).exits(0);
    last_commit(project, state)
}

fn last_commit(project: &Project, state: &str) -> String {
    let deployed = State::parse(&project.read(state))
        .unwrap()
        .deployed_to("file");
    deployed.apps["a"].history[0].commit.clone().unwrap()
}

#[test]
fn files_that_git_does_not_track_make_a_commit_dirty() {
    let project = project();
    let commit = git(&project, &["rev-parse", "HEAD"]);
    // The files that a deploy writes do not, wherever they are.
    assert_eq!(deployed_commit(&project, STATE), commit);
    assert_eq!(deployed_commit(&project, "deploy/of/prod.json"), commit);
    project.write(".machinist-state.json.journal", "");
    assert_eq!(deployed_commit(&project, "deploy/of/prod.json"), commit);
    let commit = commit_all(&project);
    for file in [
        "notes.txt",
        "deploy/of/notes.txt",
        "x-machinist-state.json",
        "src/prod.json",
    ] {
        project.write(file, "{}");
        let state = format!("{}.json", file.len());
        let dirty = format!("{commit}-dirty");
        assert_eq!(deployed_commit(&project, &state), dirty, "{file}");
        git(&project, &["clean", "-qfd"]);
    }
    assert_eq!(deployed_commit(&project, "clean.json"), commit);
}

#[test]
fn a_rollback_has_the_commit_that_it_restores_and_a_tuning_the_current_one() {
    let project = project();
    let first = deployed_commit(&project, STATE);
    set_gpus(&project, 4);
    let second = commit_all(&project);
    assert_eq!(deployed_commit(&project, STATE), second);
    assert_ne!(first, second);
    project.run(&["rollback", "a", "-yq"]).exits(0);
    assert_eq!(last_commit(&project, STATE), first);
    project.run(&["scale", "a", "keep_alive=1m"]).exits(0);
    assert_eq!(last_commit(&project, STATE), second);
    let apps = project.run(&["apps", "a"]).exits(0).stdout;
    let from = |kind: &str, commit: &str| {
        let mut lines = apps.lines().filter(|line| line.starts_with(kind));
        lines.any(|line| line.contains(&format!(" from {}", &commit[..10])))
    };
    assert!(
        from("rollback 3", &first) && from("tuning 4", &second),
        "{apps}"
    );
}

#[test]
fn the_history_names_who_did_it() {
    let project = project();
    let mut deploy = project.command(&["deploy", "-yq"]);
    deploy.env("GITHUB_ACTOR", "ada");
    support::answer(&mut deploy).exits(0);
    let apps = project.run(&["apps", "a"]).exits(0).stdout;
    assert!(apps.contains(" by ada\n"), "{apps}");
}

#[test]
fn a_project_without_git_has_no_commit() {
    let project = Project::with_one_app();
    project.write("Cargo.toml", &package("p", "[workspace]"));
    project.run(&["deploy", "-yq"]).exits(0);
    let state = State::parse(&project.read(STATE)).unwrap();
    assert_eq!(state.deployed_to("file").apps["a"].history[0].commit, None);
}

/// A project whose only app comes from a given binary, in a repository of git, for this target.
#[cfg(unix)]
fn project_for(target: &str) -> Project {
    let settings = format!(
        "[workspace]\n[workspace.metadata.machinist]\ntarget = \"{target}\"\nimage = \"acme/a:v1\""
    );
    let project = Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "target\nbin\ncalls\nCargo.lock\n"),
    ]);
    project.write_services(&["a"], 1);
    let tool = "#!/bin/sh\nroot=$(dirname \"$(dirname \"$0\")\")\n\
                case \"$*\" in\n\
                \"apps list\"*) cat \"$root/apps.json\" ;;\n\
                *--output=json*) echo '{\"items\": []}' ;;\n\
                *) for word in \"$@\"; do printf '%s|' \"$word\"; done >> \"$root/calls\"\n\
                echo >> \"$root/calls\" ;;\nesac\n";
    for name in ["fal", "kubectl"] {
        project.with_tool(name, tool);
    }
    project.write("apps.json", "{\"apps\": []}");
    git(&project, &["init", "-q"]);
    project
}

#[cfg(unix)]
#[test]
fn fal_is_told_the_commit_as_one_argument() {
    let project = project_for("fal");
    git(&project, &["add", "-A"]);
    git(&project, &["commit", "-qm", "It's \"two\" $(GPUs)"]);
    let commit = git(&project, &["rev-parse", "HEAD"]);
    project.write("new", "");
    let deploy = ["deploy", "-yq", "--no-refresh", "--binary", "a.wasm"];
    project.run(&deploy).exits(0);
    let short = &commit[..10];
    assert_eq!(
        project.take_calls(),
        [format!(
            "deploy|a|--yes|--message|{short}-dirty It's \"two\" $(GPUs)|--annotation|\
             GIT_SHA={commit}-dirty|"
        )]
    );
}

#[cfg(unix)]
#[test]
fn another_commit_alone_changes_nothing_of_a_service() {
    let project = project_for("knative");
    let first = commit_all(&project);
    let deploy = ["deploy", "-yq", "--no-refresh", "--binary", "a.wasm"];
    project.run(&deploy).exits(0);
    let commit_in = |file: &str| {
        let text = project.read(&project.rendered(&format!("knative/a/{file}")));
        let service: serde_json::Value = serde_json::from_str(&text).unwrap();
        let template = &service["spec"]["template"];
        assert!(
            !template.to_string().contains("machinist/commit"),
            "{template}"
        );
        service["metadata"]["annotations"]["machinist/commit"].clone()
    };
    assert_eq!(commit_in("code.yaml"), first);
    assert_eq!(commit_in("all.yaml"), first);
    // The manager of the scaling gives it up.
    assert_eq!(commit_in("scaling.yaml"), serde_json::Value::Null);
    project.take_calls();

    git(&project, &["commit", "--allow-empty", "-qm", "nothing"]);
    let plan = [
        "plan",
        "--detailed-exitcode",
        "--no-refresh",
        "--binary",
        "a.wasm",
    ];
    project.run(&plan).exits(0);
    project.run(&deploy).exits(0);
    assert!(project.take_calls().is_empty());

    // A rollback names the commit that it restores.
    project.write_services(&["a"], 2);
    let second = commit_all(&project);
    project.run(&deploy).exits(0);
    assert_eq!(commit_in("code.yaml"), second);
    project
        .run(&["rollback", "a", "-yq", "--no-refresh"])
        .exits(0);
    assert_eq!(commit_in("code.yaml"), first);
}
