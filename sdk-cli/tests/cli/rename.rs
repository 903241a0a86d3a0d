//! An app with a new name: the hint, and `mv`, which carries tuned values and history over.
#![cfg(unix)]

use crate::support::Project;

fn project() -> Project {
    let project = Project::for_skypilot();
    project.write_services(&["old", "other"], 1);
    project.run(&DEPLOY).exits(0);
    project.run(&["scale", "old", "max_concurrency=9"]).exits(0);
    project.take_calls();
    project
}

const DEPLOY: [&str; 4] = ["deploy", "-yq", "--binary", "a.wasm"];
const PLAN: [&str; 4] = ["plan", "-q", "--binary", "a.wasm"];

#[test]
fn an_app_with_a_new_name_keeps_what_was_tuned() {
    let project = project();
    project.write_services(&["new", "other"], 1);
    let hint = "\
warning: `old` is gone and `new` is new: this looks like a rename
help: carry the tuned values and the history over with `cargo machinist mv old new`
note: without it `new` starts with the code's values";
    project.run(&PLAN).exits(0).says(hint);
    // An app beside the two has nothing to do with it.
    project
        .run(&["plan", "-q", "other", "--binary", "a.wasm"])
        .exits(0)
        .says("");

    let renamed = project.run(&["mv", "old", "new"]).exits(0);
    assert!(
        renamed.stderr.ends_with(
            "     Renamed `old` to `new`: deploy, and it starts with the tuned values\n"
        ),
        "{renamed:?}"
    );
    assert!(project.take_calls().is_empty());
    let apps = project.run(&["apps"]).exits(0).stdout;
    assert!(apps.contains("max_concurrency=9"), "{apps}");
    let plan = project.run(&PLAN).exits(0);
    assert!(
        plan.stdout
            .contains("    max_concurrency  stays 9  (tuned; the code says 4)\n"),
        "{plan:?}"
    );
    assert!(!plan.stderr.contains("looks like a rename"), "{plan:?}");
    project.run(&[&DEPLOY[..], &["--prune"]].concat()).exits(0);
    assert_eq!(
        project.take_calls(),
        [
            "serve up --yes --service-name new service.yaml",
            "serve down --yes old"
        ]
    );
    assert!(project.services()["new"].contains("\"max_replicas\": 9"));
    let history = project.run(&["apps", "new"]).exits(0).stdout;
    for change in ["deploy 4: ", "tuning 2: ", "deploy 1: "] {
        assert!(history.contains(change), "{history}");
    }
    assert_eq!(
        project.run(&PLAN).exits(0).stdout,
        "skypilot: 2 unchanged\n"
    );
}

#[test]
fn a_wrong_rename_is_an_error() {
    let project = project();
    let state = project.read("machinist-state.json");
    for (old, new, expected) in [
        (
            "odl",
            "new",
            "error: no app `odl` is deployed\n\
             help: a deployed app with a similar name exists: `old`\n\
             note: deployed apps are old, other",
        ),
        (
            "old",
            "other",
            "error: an app `other` is deployed already\n\
             help: tune it with `cargo machinist scale`: it has values of its own",
        ),
        (
            "old",
            "New_App",
            "error: invalid app name `New_App`\n\
             help: the code has a name like `new-app`",
        ),
        (
            "old",
            "old",
            "error: an app `old` is deployed already\n\
             help: tune it with `cargo machinist scale`: it has values of its own",
        ),
    ] {
        project.run(&["mv", old, new]).exits(1).says(expected);
    }
    assert_eq!(project.read("machinist-state.json"), state);
}
