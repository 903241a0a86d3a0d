//! A checkout of old code brings an old state back. It is refused, with what to do.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Answer, Project, answer, git};

const STATE: &str = "machinist-state.json";
const BINARY: [&str; 2] = ["--binary", "a.wasm"];

/// A repository: a first commit without a state, then two deploys, each committed with its state.
fn project() -> Project {
    let project = Project::for_skypilot();
    project.write(".gitignore", "target\nbin\nsent\ncalls\n.machinist-*\n");
    let root = project.path("");
    git(&root, &["init", "-q", "-b", "main"]);
    for gpus in [1, 2] {
        project.write_services(&["llm"], gpus);
        if gpus == 1 {
            commit(&project);
        }
        run(&project, &["deploy", "-yq"]).exits(0);
        commit(&project);
    }
    project.take_calls();
    project
}

fn commit(project: &Project) {
    let root = project.path("");
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-qm", "changed"]);
}

fn run(project: &Project, args: &[&str]) -> Answer {
    project.run(&[args, &BINARY].concat())
}

/// Asserts that whatever deploys or plans is refused in these words, and that nothing runs.
#[track_caller]
fn assert_refused(project: &Project, expected: &str) {
    for args in [
        &["plan", "-q", "--binary", "a.wasm"][..],
        &["deploy", "-yq", "--binary", "a.wasm"],
        &["deploy", "-q", "--dry-run", "--binary", "a.wasm"],
        &["scale", "-q", "llm", "max_concurrency=5"],
        &["rollback", "-yq", "llm"],
        &["destroy", "-yq", "llm"],
        &["mv", "llm", "router"],
    ] {
        let said = project.run(args).exits(1).stderr;
        assert_eq!(said, expected, "{args:?}");
    }
    assert!(project.take_calls().is_empty());
}

const WITHOUT_STATE: &str =
    "check old code out without the state: `git checkout COMMIT -- . ':!machinist-state.json'`";
const WHY: &str = "note: what an old state says is deployed is no longer, and what was tuned since \
                   is not in it\n";

#[test]
fn a_checkout_of_old_code_is_refused_until_its_state_is_the_newest() {
    let project = project();
    let root = project.path("");
    run(&project, &["plan", "-q", "--detailed-exitcode"]).exits(0);
    git(&root, &["checkout", "-q", "HEAD~1", "--", "."]);
    assert_refused(
        &project,
        &format!(
            "error: `{STATE}` is old: it has the serial 1, and that of the commit that is \
             checked out has 2\n\
             help: bring it back with `git checkout HEAD -- {STATE}`, and {WITHOUT_STATE}\n{WHY}"
        ),
    );
    // What only shows goes on.
    project.run(&["apps", "-q"]).exits(0);

    git(&root, &["checkout", "-q", "HEAD", "--", STATE]);
    let plan = run(&project, &["plan", "-q"]).exits(0).stdout;
    assert!(plan.contains("    gpus  2 -> 1\n"), "{plan}");
    git(&root, &["reset", "-q", "--hard"]);
    git(
        &root,
        &["checkout", "-q", "HEAD~1", "--", ".", &format!(":!{STATE}")],
    );
    let plan = run(&project, &["plan", "-q"]).exits(0).stdout;
    assert!(plan.contains("    gpus  2 -> 1\n"), "{plan}");
    run(&project, &["deploy", "-yq"]).exits(0);
}

#[test]
fn a_tuning_that_was_never_committed_is_not_lost() {
    let project = project();
    let root = project.path("");
    project
        .run(&["scale", "-q", "llm", "max_concurrency=9"])
        .exits(0);
    project.take_calls();
    git(&root, &["checkout", "-q", "--", STATE]);
    let refused = run(&project, &["plan", "-q"]).exits(1).stderr;
    let expected = format!(
        "and that of this clone's last deploy has 3\n\
         help: bring it back with `cp .git/machinist/{STATE} {STATE}`"
    );
    assert!(refused.contains(&expected), "{refused}");
    fs::copy(root.join(".git/machinist").join(STATE), root.join(STATE)).unwrap();
    let plan = run(&project, &["plan", "-q", "--format=json"])
        .exits(0)
        .json();
    assert_eq!(plan["apps"][0]["tuned"][0]["value"], 9);
}

#[test]
fn another_clone_knows_the_states_of_the_branches() {
    let project = project();
    let clone = Project::empty();
    clone.with_sky();
    let folder = clone.path("clone");
    let from = project.path("");
    git(
        &clone.path(""),
        &["clone", "-q", from.to_str().unwrap(), "clone"],
    );
    git(&folder, &["checkout", "-q", "--detach", "HEAD~1"]);
    let plan = |folder: &Path| {
        let mut command = crate::support::command(folder);
        answer(command.args(["plan", "-q"]).args(BINARY))
    };
    plan(&folder).exits(1).says(&format!(
        "error: `{STATE}` is old: it has the serial 1, and that of the branch `main` has 2\n\
         help: bring it back with `git checkout main -- {STATE}`, and {WITHOUT_STATE}\n{}",
        WHY.trim_end()
    ));
    // A commit from before the first deploy.
    git(&folder, &["checkout", "-q", "--detach", "HEAD~1"]);
    plan(&folder).exits(1).says(&format!(
        "error: `{STATE}` is missing: that of the branch `main` has the serial 2\n\
         help: bring it back with `git checkout main -- {STATE}`, and {WITHOUT_STATE}; a new state \
         begins in another file, which `--state` names"
    ));
    git(&folder, &["checkout", "-q", "main", "--", STATE]);
    let plan = plan(&folder).exits(0).stdout;
    assert!(plan.contains("    gpus  2 -> 1\n"), "{plan}");
}

#[test]
fn a_branch_that_was_merged_is_no_newer_state() {
    let project = project();
    let root = project.path("");
    git(&root, &["checkout", "-q", "-b", "topic"]);
    project
        .run(&["scale", "-q", "llm", "max_concurrency=9"])
        .exits(0);
    commit(&project);
    // Another clone has what is on main.
    fs::remove_file(root.join(".git/machinist").join(STATE)).unwrap();
    git(&root, &["checkout", "-q", "main"]);
    let refused = run(&project, &["plan", "-q"]).exits(1).stderr;
    assert!(
        refused.contains("and that of the branch `topic` has 3\n"),
        "{refused}"
    );
    git(&root, &["merge", "-q", "topic"]);
    run(&project, &["plan", "-q"]).exits(0);
    // What is in no branch any more is in the commit.
    git(&root, &["branch", "-q", "-D", "topic"]);
    fs::remove_file(root.join(STATE)).unwrap();
    let refused = run(&project, &["plan", "-q"]).exits(1).stderr;
    assert!(
        refused.starts_with(&format!(
            "error: `{STATE}` is missing: that of the commit that is checked out has the serial 3\n"
        )),
        "{refused}"
    );
}

#[test]
fn the_state_of_another_project_is_refused() {
    let project = project();
    let other = self::project();
    project.write(STATE, &other.read(STATE));
    assert_refused(
        &project,
        &format!(
            "error: `{STATE}` is the state of another project: that of the commit that is checked \
             out has another lineage\n\
             help: bring it back with `git checkout HEAD -- {STATE}`, and {WITHOUT_STATE}; \
             another project's state goes into another file, which `--state` names\n"
        ),
    );
    // It may have a file of its own.
    project.write("other.json", &other.read(STATE));
    run(&project, &["plan", "-q", "--state", "other.json"]).exits(0);
}

#[test]
fn after_a_conflict_the_newer_side_is_taken() {
    let project = project();
    let root = project.path("");
    git(&root, &["checkout", "-q", "-b", "topic"]);
    for value in ["max_concurrency=5", "min_concurrency=2"] {
        project.run(&["scale", "-q", "llm", value]).exits(0);
    }
    commit(&project);
    // Another clone tunes on main in the meantime.
    let kept = root.join(".git/machinist").join(STATE);
    git(&root, &["checkout", "-q", "main"]);
    fs::remove_file(&kept).unwrap();
    git(&root, &["branch", "-q", "-m", "topic", "later"]);
    git(&root, &["update-ref", "refs/hidden/topic", "later"]);
    git(&root, &["branch", "-q", "-D", "later"]);
    project
        .run(&["scale", "-q", "llm", "keep_alive=2m"])
        .exits(0);
    commit(&project);
    git(&root, &["branch", "-q", "topic", "refs/hidden/topic"]);
    let mut merge = Command::new("git");
    merge.args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@a",
        "merge",
        "-q",
        "topic",
    ]);
    assert!(!merge.current_dir(&root).output().unwrap().status.success());
    let said = run(&project, &["plan", "-q"]).exits(1).stderr;
    assert!(
        said.contains(&format!(
            "help: take their side with `git checkout --theirs {STATE}`, then tune what the other \
             side tuned: `cargo machinist scale llm keep_alive=2m --target skypilot`\n"
        )),
        "{said}"
    );
    git(&root, &["checkout", "-q", "--theirs", STATE]);
    project
        .run(&["scale", "-q", "llm", "keep_alive=2m"])
        .exits(0);
    commit(&project);
    let plan = run(&project, &["plan", "-q"]).exits(0);
    assert_eq!(plan.stdout, "skypilot: 1 unchanged\n");
}
