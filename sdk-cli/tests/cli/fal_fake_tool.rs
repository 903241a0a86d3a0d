//! The target `fal`, with a fake tool that only records its calls. The tests of the workspace use
//! the real client.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;

use machinist_deploy::State;
use serde_json::{Value, json};

use crate::support::{Project, answer, package, record_of, record_static};

/// Fails for the app that the file `fail` names, and prints `live.json` as the list of apps. A deploy
/// makes that of `next.json`.
const FAKE_TOOL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$*|$(pwd)" >> "$root/calls"
if [ "$1 $2" = "apps list" ]; then
    cat "$root/live.json" 2>/dev/null || echo '{"apps": []}'
    exit 0
fi
if grep -qsw "$2" "$root/fail"; then
    echo "the platform is out of order"
    exit 3
fi
if [ "$1" = deploy ] && [ -f "$root/next.json" ]; then
    mv "$root/next.json" "$root/live.json"
fi
"#;

fn project() -> Project {
    let project = Project::with_one_app();
    project.with_tool("fal", FAKE_TOOL);
    project.set_app(
        &json!({
            "machine_type": ["GPU-H100", "GPU-H200"], "gpus": 2, "startup_timeout": 900,
            "port": 8080, "health_check": {"path": "/health"}, "termination_grace_period": 20,
        }),
        &json!({"keep_alive": 300, "max_concurrency": 4, "regions": ["us-west", "eu-north"]}),
    );
    project
}

/// Makes the platform list the app `a`, with its defaults and these changes.
fn write_live_app(project: &Project, changes: Value) {
    project.write("live.json", &live_app(changes));
}

/// Deploys. Afterwards the platform lists the app `a`, with its defaults and these changes.
#[track_caller]
fn deploy_and_list(project: &Project, changes: Value) {
    project.write("next.json", &live_app(changes));
    project.run(&DEPLOY).exits(0);
}

fn live_app(changes: Value) -> String {
    let mut app = json!({
        "alias": "a", "revision": "r1", "auth_mode": "private", "environment_name": null,
        "machine_types": ["GPU-H100", "GPU-H200"], "keep_alive": 300, "max_concurrency": 4,
        "min_concurrency": 0, "concurrency_buffer": 0, "concurrency_buffer_perc": 0,
        "scaling_delay": 0, "request_timeout": 3600, "request_start_timeout": null,
        "startup_timeout": 900, "max_multiplexing": 1, "active_runners": 1,
        "valid_regions": ["eu-north", "us-west"],
    });
    app.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    json!({"apps": [app]}).to_string()
}

/// The calls of the tool since the last look, each with its folder.
fn take_calls(project: &Project) -> Vec<String> {
    let calls = project.take_calls();
    let root = project.path("").canonicalize().unwrap();
    let calls = calls.iter().filter(|line| !line.starts_with("apps list"));
    let rendered = project.rendered("fal/");
    let shorten = |line: &str| {
        let line = line.replace(root.to_str().unwrap(), ".").replace("./", "");
        line.replace(&rendered, "")
    };
    calls.map(|line| shorten(line)).collect()
}

fn pyproject(project: &Project) -> toml::Table {
    let text = project.read(&project.rendered("fal/a/pyproject.toml"));
    text.parse().unwrap()
}

const DEPLOY: [&str; 4] = ["deploy", "-yq", "--target", "fal"];

fn concat<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

#[test]
fn a_deploy_runs_the_tool_in_a_folder_with_all_files() {
    let project = project();
    project.run(&DEPLOY).exits(0);
    assert_eq!(take_calls(&project), ["deploy a --yes|a"]);
    let expected: toml::Table = r#"
        machine_type = ["GPU-H100", "GPU-H200"]
        num_gpus = 2
        startup_timeout = 900
        exposed_port = 8080
        termination_grace_period_seconds = 20
        keep_alive = 300
        max_concurrency = 4
        regions = ["us-west", "eu-north"]
        auth = "private"
        [health_check]
        path = "/health"
        [image]
        dockerfile = "Dockerfile"
    "#
    .parse()
    .unwrap();
    assert_eq!(
        pyproject(&project)["tool"]["fal"]["apps"]["a"],
        expected.into()
    );
    assert_eq!(
        project.read(&project.rendered("fal/a/Dockerfile")),
        "FROM debian:stable-slim\n\
         COPY --chmod=755 [\"p\",\"/usr/local/bin/p\"]\n\
         ENTRYPOINT [\"/usr/local/bin/p\"]\n"
    );
    let bytes = |path: &str| fs::read(project.path(path)).unwrap();
    assert!(bytes(&project.rendered("fal/a/p")) == bytes("target/release/p"));
}

#[test]
fn a_deploy_to_a_platform_is_a_release_build_unless_a_profile_is_chosen() {
    let project = project();
    let sent = || fs::read(project.path(&project.rendered("fal/a/p"))).unwrap();
    let built = |folder: &str| fs::read(project.path(&format!("target/{folder}/p"))).unwrap();
    for (flags, profile, folder) in [
        (&[][..], "release", "release"),
        (&["--release"], "release", "release"),
        (&["--profile", "dev"], "dev", "debug"),
    ] {
        let plan = ["plan", "-q", "--target", "fal"];
        let plan = project.run(&concat(&concat(&plan, flags), &["--format=json"]));
        assert_eq!(plan.exits(0).json()["profile"], profile);
        let deploy = project.run(&concat(&concat(&DEPLOY, flags), &["--force"]));
        let summary = format!(", from a {profile} build\n");
        assert!(deploy.exits(0).stdout.ends_with(&summary), "{flags:?}");
        assert!(sent() == built(folder), "{flags:?}");
    }
    let (code, said) = project.on_a_terminal("deploy --color=never --force --target fal", "n\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("Deploy to fal, environment main, from a release build? [y/N] "),
        "{said}"
    );
    // Files need no release build.
    fs::remove_dir_all(project.path("target")).unwrap();
    let file = project
        .run(&["plan", "-q", "--format=json"])
        .exits(0)
        .json();
    assert_eq!(file.get("profile"), None);
    assert!(!project.path("target/release").exists());
}

#[test]
fn defaults_of_the_platform_are_no_change() {
    let project = project();
    deploy_and_list(&project, json!({}));
    let plan = project.run(&["plan", "--target", "fal"]).exits(0);
    assert_eq!(
        plan.stdout,
        "fal, environment main: 1 unchanged, from a release build\n"
    );
}

#[test]
fn changes_on_the_platform_are_drift_or_tuning() {
    let project = project();
    deploy_and_list(&project, json!({}));
    take_calls(&project);
    write_live_app(
        &project,
        json!({"machine_types": ["GPU-A100"], "startup_timeout": 600, "keep_alive": 10}),
    );
    let apps = project
        .run(&["apps", "--target", "fal", "-q"])
        .exits(0)
        .stdout;
    assert!(
        apps.contains("machine_type=GPU-A100 startup_timeout=10m"),
        "{apps}"
    );
    let plan = project.run(&DEPLOY).exits(0);
    let expected = "\
~ a  update
    machine_type     GPU-A100 -> GPU-H100, GPU-H200  (drift: changed outside the code)
    startup_timeout  10m -> 15m  (drift: changed outside the code)
    keep_alive       stays 10s  (tuned; the code says 5m)

fal, environment main: 1 to update, from a release build
";
    assert_eq!(plan.stdout, expected);
    // The tuned scaling needs no call: the platform keeps it.
    assert_eq!(take_calls(&project), ["deploy a --yes|a"]);
    let offline = project
        .run(&["plan", "--target", "fal", "-q", "--no-refresh"])
        .exits(0);
    assert!(offline.stdout.contains("unchanged"), "{offline:?}");
    assert!(!project.path("calls").exists());
}

#[test]
fn changed_scaling_is_set_after_the_deploy_which_leaves_it_alone() {
    let project = project();
    deploy_and_list(&project, json!({}));
    write_live_app(&project, json!({"max_concurrency": 9}));
    take_calls(&project);
    project.set_app(
        &json!({"machine_type": ["GPU-H100", "GPU-H200"], "gpus": 2, "startup_timeout": 900,
                "port": 8080, "health_check": {"path": "/health"}, "termination_grace_period": 20}),
        &json!({"request_start_timeout": 5, "max_concurrency": 5, "regions": ["us-east"]}),
    );
    project.run(&DEPLOY).exits(0);
    assert_eq!(
        take_calls(&project),
        [
            "deploy a --yes|a",
            "apps scale a --keep-alive 10 --request-start-timeout 5 --regions us-east|.",
        ]
    );
    assert!(
        !pyproject(&project)["tool"]["fal"]["apps"]["a"]
            .as_table()
            .unwrap()
            .contains_key("app_scale_settings")
    );
}

#[test]
fn a_reset_is_a_switch_in_pyproject() {
    let project = project();
    deploy_and_list(&project, json!({}));
    write_live_app(&project, json!({"keep_alive": 10}));
    take_calls(&project);
    project
        .run(&concat(&DEPLOY, &["--reset-scaling", "a"]))
        .exits(0);
    let app = &pyproject(&project)["tool"]["fal"]["apps"]["a"];
    assert_eq!(
        (&app["app_scale_settings"], &app["keep_alive"]),
        (&true.into(), &300.into())
    );
    assert_eq!(take_calls(&project), ["deploy a --yes|a"]);
    // Now nothing is tuned, so there is nothing to reset.
    project
        .run(&concat(&DEPLOY, &["--reset-scaling", "--no-refresh"]))
        .exits(0);
    assert!(take_calls(&project).is_empty());
}

#[test]
fn the_reset_switch_removes_regions_and_keeps_tuned_values() {
    let project = project();
    deploy_and_list(&project, json!({}));
    write_live_app(&project, json!({"keep_alive": 77}));
    take_calls(&project);
    project.set_app(
        &json!({"machine_type": ["GPU-H100", "GPU-H200"], "gpus": 2, "startup_timeout": 900}),
        &json!({"keep_alive": 300, "max_concurrency": 4}),
    );
    project.run(&DEPLOY).exits(0);
    assert_eq!(take_calls(&project), ["deploy a --yes|a"]);
    let app = &pyproject(&project)["tool"]["fal"]["apps"]["a"];
    assert_eq!(
        (&app["app_scale_settings"], &app["keep_alive"]),
        (&true.into(), &77.into())
    );
    assert_eq!(app.get("regions"), None);
}

#[test]
fn tuning_runs_the_tool() {
    let project = project();
    deploy_and_list(&project, json!({}));
    take_calls(&project);
    let scale = [
        "scale",
        "a",
        "keep_alive=10m",
        "request_start_timeout=30",
        "--target",
        "fal",
    ];
    project.run(&scale).exits(0);
    assert_eq!(
        take_calls(&project),
        ["apps scale a --keep-alive 600 --request-start-timeout 30|."]
    );
}

#[test]
fn an_app_of_others_is_adopted_with_its_scaling_if_that_is_asked_for() {
    let project = project();
    write_live_app(
        &project,
        json!({"keep_alive": 77, "machine_types": ["GPU-A100"]}),
    );
    let refusal = "\
error: `a` runs on fal already, and was never deployed from this state
help: to take it over, add `--adopt a`; else give the app another name";
    for args in [&["plan", "-q", "--target", "fal"][..], &DEPLOY] {
        let refused = project.run(args).exits(1).says(refusal);
        assert_eq!(
            refused.stdout,
            "~ a  adopt: it runs already, and was never deployed from this state
    machine_type              GPU-A100 -> GPU-H100, GPU-H200
    gpus                      not set -> 2
    port                      not set -> 8080
    health_check              not set -> /health
    termination_grace_period  not set -> 20s
    keep_alive                stays 77s  (tuned; the code says 5m)

fal, environment main: 1 to adopt, from a release build
"
        );
    }
    project
        .run(&concat(&DEPLOY, &["--adopt", "b"]))
        .exits(1)
        .says("error: `--adopt`: no app `b` is in this build\nhelp: apps are a");
    assert!(take_calls(&project).is_empty() && !project.path("machinist-state.json").exists());
    project.run(&concat(&DEPLOY, &["--adopt", "a"])).exits(0);
    assert_eq!(take_calls(&project), ["deploy a --yes|a"]);
    // Now it is ours.
    let plan = project.run(&["plan", "-q", "--target", "fal", "--no-refresh"]);
    assert_eq!(
        plan.exits(0).stdout,
        "fal, environment main: 1 unchanged, from a release build\n"
    );
}

#[test]
fn an_app_gone_from_the_platform_is_created() {
    let project = project();
    project.run(&DEPLOY).exits(0);
    let plan = project
        .run(&["plan", "-q", "--target", "fal"])
        .exits(0)
        .stdout;
    assert!(plan.starts_with("+ a  create\n"), "{plan}");
    let apps = project
        .run(&["apps", "-q", "--target", "fal"])
        .exits(0)
        .stdout;
    assert!(apps.contains("not on the platform"), "{apps}");
}

#[test]
fn an_unchanged_app_is_deployed_only_with_force() {
    let project = project();
    deploy_and_list(&project, json!({}));
    take_calls(&project);
    let again = project.run(&["deploy", "--target", "fal"]).exits(0);
    assert!(
        again
            .stderr
            .ends_with("Unchanged what is deployed matches the code\n")
    );
    assert!(take_calls(&project).is_empty());
    let forced = project.run(&concat(&DEPLOY, &["--force"])).exits(0);
    assert_eq!(
        forced.stdout,
        "~ a  update\n    deployment  again  (forced)\n\nfal, environment main: 1 to update, from a release build\n"
    );
    assert_eq!(take_calls(&project).len(), 1);
}

const PLAN: [&str; 5] = ["plan", "-q", "--detailed-exitcode", "--target", "fal"];

/// Asserts that the plan has this one change, and that a deploy carries it out.
#[track_caller]
fn assert_change(project: &Project, expected: &str) {
    let plan = project.run(&PLAN).exits(2).stdout;
    assert_eq!(
        plan,
        format!(
            "~ a  update\n    {expected}\n\nfal, environment main: 1 to update, from a release build\n"
        )
    );
    take_calls(project);
    project.run(&DEPLOY).exits(0);
    assert_eq!(take_calls(project), ["deploy a --yes|a"]);
    let plan = project.run(&PLAN).exits(0).stdout;
    assert_eq!(
        plan,
        "fal, environment main: 1 unchanged, from a release build\n"
    );
}

#[test]
fn whatever_is_sent_is_compared() {
    let project = project();
    deploy_and_list(&project, json!({}));
    project.run(&PLAN).exits(0);

    let main = project
        .read("src/main.rs")
        .replace("fn main() {}", "fn main() { print!(\"new\") }");
    project.write("src/main.rs", &main);
    assert_change(&project, "binary  changed");

    project.write("model.txt", "one");
    let dockerfile = "FROM debian\nCOPY p model.txt /\nENTRYPOINT [\"/p\"]\n";
    project.write("Dockerfile", dockerfile);
    // The program is not executable for everybody there: this Dockerfile sets no mode.
    assert_change(&project, "binary   changed\n    context  changed");
    project.write("model.txt", "two");
    assert_change(&project, "context  changed");

    let set = |settings: &str| {
        let settings = format!("[package.metadata.machinist]\n{settings}");
        project.write("Cargo.toml", &package("p", &settings));
    };
    // An app without a mode is private.
    set("auth = \"private\"");
    project.run(&PLAN).exits(0);
    set("auth = \"public\"");
    project.write("next.json", &live_app(json!({"auth_mode": "public"})));
    assert_change(&project, "auth  private -> public");
    set("auth = \"public\"\nimage = \"acme/a:v1\"");
    let plan = project.run(&PLAN).exits(2).stdout;
    assert!(
        plan.contains(
            "\n    binary   changed\n    context  changed\n    image    not set -> acme/a:v1\n"
        ),
        "{plan}"
    );
    project.run(&DEPLOY).exits(0);
    set("auth = \"public\"\nimage = \"acme/a:v2\"");
    assert_change(&project, "image  acme/a:v1 -> acme/a:v2");

    // Changed outside the code.
    write_live_app(&project, json!({"auth_mode": "private"}));
    project.write("next.json", &live_app(json!({"auth_mode": "public"})));
    assert_change(
        &project,
        "auth  private -> public  (drift: changed outside the code)",
    );
    write_live_app(&project, json!({"auth_mode": "public", "revision": "r9"}));
    assert_change(
        &project,
        "deployment  not the one on record: somebody else deployed it, or a deploy was cut off",
    );
}

#[test]
fn an_app_of_the_environment_is_recognised() {
    let project = project();
    write_live_app(
        &project,
        json!({"alias": "a--staging", "environment_name": "staging"}),
    );
    let plan = |environment| {
        let mut plan = project.command(&["plan", "-q", "--target", "fal", "--adopt"]);
        answer(plan.env("FAL_ENV", environment)).exits(0).stdout
    };
    let here = plan("staging");
    assert!(here.starts_with("~ a  adopt: it runs already"), "{here}");
    let elsewhere = plan("main");
    assert!(elsewhere.starts_with("+ a  create\n"), "{elsewhere}");
}

/// Programs `one`, `two` and `three` with an app each.
fn three_apps() -> Project {
    let main = |app| record_static(app, "p") + "fn main() {}\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("p", "")),
        ("src/bin/one.rs", &main("one")),
        ("src/bin/two.rs", &main("two")),
        ("src/bin/three.rs", &main("three")),
    ]);
    project.with_tool("fal", FAKE_TOOL);
    project
}

#[test]
fn after_a_failed_app_the_next_deploy_does_the_rest() {
    let project = three_apps();
    project.write("fail", "three");
    let failed = project.run(&DEPLOY).exits(1);
    assert!(
        failed.stderr.ends_with(&format!(
            "the platform is out of order\n\
         error: `fal deploy three --yes` failed (exit status: 3)\n\
         help: see its output above, fix the cause and try again: what was done is kept\n\
         note: its files are in `{}`\n\
         note: done and recorded in the state: `one`\n\
         note: not deployed: `three`, `two`\n",
            project.rendered("fal/three")
        )),
        "{failed:?}"
    );
    let state = State::parse(&project.read("machinist-state.json"))
        .unwrap()
        .deployed_to("fal");
    assert_eq!(state.names(), ["one"]);
    fs::remove_file(project.path("fail")).unwrap();
    take_calls(&project);
    project.run(&concat(&DEPLOY, &["--no-refresh"])).exits(0);
    assert_eq!(
        take_calls(&project),
        ["deploy three --yes|three", "deploy two --yes|two"]
    );
}

#[test]
fn scaling_that_failed_is_still_planned() {
    let project = project();
    deploy_and_list(&project, json!({}));
    project.with_tool(
        "fal",
        &FAKE_TOOL.replace("exit 0\nfi", "exit 0\nfi\n[ \"$2\" != scale ] || exit 9"),
    );
    project.set_app(
        &json!({"machine_type": ["GPU-H200"], "gpus": 2}),
        &json!({"keep_alive": 60, "max_concurrency": 4, "regions": ["us-west", "eu-north"]}),
    );
    let failed = project.run(&DEPLOY).exits(1);
    assert!(
        failed
            .stderr
            .contains("`fal apps scale a --keep-alive 60` failed"),
        "{failed:?}"
    );
    write_live_app(
        &project,
        json!({"machine_types": ["GPU-H200"], "startup_timeout": 600}),
    );
    project.with_tool("fal", FAKE_TOOL);
    let plan = project
        .run(&["plan", "-q", "--target", "fal"])
        .exits(0)
        .stdout;
    assert_eq!(
        plan,
        "~ a  update
    keep_alive  5m -> 1m
    deployment  not the one on record: somebody else deployed it, or a deploy was cut off

fal, environment main: 1 to update, from a release build
"
    );
}

#[test]
fn a_pruned_app_is_deleted_on_the_platform() {
    let project = three_apps();
    project.run(&DEPLOY).exits(0);
    take_calls(&project);
    fs::remove_file(project.path("src/bin/three.rs")).unwrap();
    project
        .run(&concat(&DEPLOY, &["--prune", "--no-refresh"]))
        .exits(0);
    assert_eq!(take_calls(&project), ["apps delete three|."]);
}

#[test]
fn a_rollback_restores_the_revision_and_its_scaling() {
    let project = project();
    deploy_and_list(&project, json!({}));
    project.set_app(
        &json!({"machine_type": ["GPU-H200"], "gpus": 1}),
        &json!({"keep_alive": 60, "max_concurrency": 4, "regions": ["us-west", "eu-north"]}),
    );
    deploy_and_list(
        &project,
        json!({"revision": "r2", "machine_types": ["GPU-H200"], "startup_timeout": 600, "keep_alive": 60}),
    );
    take_calls(&project);
    let back = ["rollback", "a", "-yq", "--target", "fal"];
    let dry = project.run(&concat(&back[..2], &["--target", "fal", "--dry-run"]));
    assert!(!dry.exits(0).stdout.contains("keep_alive"));
    assert!(take_calls(&project).is_empty());
    let back = project.run(&concat(&back, &["--with-scaling"])).exits(0);
    assert!(back.stdout.contains("gpus"), "{back:?}");
    assert_eq!(
        take_calls(&project),
        ["apps set-rev a r1|.", "apps scale a --keep-alive 300|."]
    );
}

#[test]
fn a_rollback_without_a_revision_is_an_error() {
    let project = project();
    project.run(&DEPLOY).exits(0);
    project.set_app(
        &json!({"machine_type": ["GPU-H200"], "gpus": 1}),
        &json!({}),
    );
    project.run(&concat(&DEPLOY, &["--no-refresh"])).exits(0);
    let time = &State::parse(&project.read("machinist-state.json"))
        .unwrap()
        .deployed_to("fal")
        .apps["a"]
        .history[1]
        .time
        .clone();
    let answer = project.run(&["rollback", "a", "-yq", "--target", "fal", "--no-refresh"]);
    answer.exits(1).says(&format!(
        "error: fal cannot go back to the deploy of {time}\n\
         help: check out its commit and deploy that\n\
         note: its revision is not recorded"
    ));
}

#[test]
fn a_binary_for_another_platform_is_an_error() {
    let project = project();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk-deploy/tests/fixtures");
    let deploy = |file: &str| {
        let file = format!("{fixtures}/{file}");
        let answer = project.run(&concat(&DEPLOY, &["--binary", &file])).exits(1);
        answer
            .stderr
            .lines()
            .next()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    for (file, kind) in [
        ("macho-arm64", "a Mach-O file for macOS"),
        ("pe-x86_64.exe", "a PE file for Windows"),
        ("elf-aarch64", "an ELF file for another processor or system"),
        ("elf-i686", "an ELF file for a 32-bit processor"),
    ] {
        assert_eq!(
            deploy(file),
            format!("{file}` is {kind}, and fal runs programs for linux x86_64")
        );
    }
    assert!(take_calls(&project).is_empty());
}

#[test]
fn a_library_is_an_error() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            &package("p", "[lib]\ncrate-type = [\"cdylib\"]"),
        ),
        ("src/lib.rs", &record_static("a", "p")),
    ]);
    project.with_tool("fal", FAKE_TOOL);
    project.run(&DEPLOY).exits(1).says(
        "error: `target/release/libp.so` is a library or an object file, and fal runs programs for \
         linux x86_64\n\
         help: give the app to a program, such as a `src/main.rs`, or name an `image`",
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_setting() {
    let project = project();
    for (settings, expected) in [
        (
            "dockerfile = \"nope/Dockerfile\"",
            "error: cannot read `nope/Dockerfile`: No such file or directory (os error 2)\n\
             note: it is the `dockerfile` of the app `a`",
        ),
        (
            "dockerfile = \"Dockerfile\"\ncontext = \"nope\"",
            "error: cannot read `nope`: No such file or directory (os error 2)\n\
             note: it is the `context` of the app `a`",
        ),
    ] {
        project.write("Dockerfile", "FROM debian\nCOPY p /\n");
        let settings = format!("[package.metadata.machinist.apps.a]\n{settings}");
        project.write("Cargo.toml", &package("p", &settings));
        project.run(&DEPLOY).exits(1).says(expected);
    }
}

#[test]
fn an_app_in_two_binaries_needs_a_choice() {
    let main = record_static("a", "p") + "fn main() {}\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("p", "")),
        ("src/bin/one.rs", &main),
        ("src/bin/two.rs", &main),
    ]);
    project.with_tool("fal", FAKE_TOOL);
    project.run(&DEPLOY).exits(1).says(
        "error: the app `a` is in several binaries, and a deploy needs one: one, two\n\
         help: select one with `--bin one`, give `--binary` the file of one alone, or write \
         `apps.a.bin = \"one\"` in `[workspace.metadata.machinist]`",
    );
    let files = ["target/release/one", "target/release/two"];
    let both = ["--binary", files[0], "--binary", files[1]];
    let refused = project.run(&concat(&DEPLOY, &both)).exits(1);
    assert!(
        refused
            .stderr
            .contains("give `--binary` the file of one alone"),
        "{refused:?}"
    );
    project
        .run(&concat(&DEPLOY, &["--binary", files[0]]))
        .exits(0);
    project.run(&concat(&DEPLOY, &["--bin", "two"])).exits(0);
    assert!(project.path(&project.rendered("fal/a/two")).is_file());
    let settings = "[package.metadata.machinist.apps.a]\nbin = \"one\"";
    project.write("Cargo.toml", &package("p", settings));
    project.run(&DEPLOY).exits(0);
    assert!(project.path(&project.rendered("fal/a/one")).is_file());
    assert!(!project.path(&project.rendered("fal/a/two")).exists());
    project.write(
        "Cargo.toml",
        &package("p", &settings.replace("one", "three")),
    );
    project.run(&DEPLOY).exits(1).says(
        "error: no binary `three` that links the app `a` was read\n\
         help: binaries that link it are one, two",
    );
}

/// The package with a `Dockerfile`.
fn project_with_dockerfile(text: &str) -> Project {
    let project = project();
    project.write("Dockerfile", text);
    project
}

#[test]
fn a_dockerfile_is_sent_with_all_that_it_copies() {
    let project = project_with_dockerfile(
        "FROM rust AS build\nRUN true\nFROM debian\nCOPY --from=build /etc/os-release /\n\
         ADD https://example.com/x /x\nCOPY --chown=1:1 p \\\n  /usr/local/bin/\n\
         COPY [\"a file\", \"models\", \"/srv/\"]\ncopy <<EOF /hello\nhello\nEOF\n\
         COPY /models/deep/one.txt ./\nENTRYPOINT [\"p\"]\n",
    );
    project.write("a file", "a");
    project.write("models/deep/one.txt", "one");
    project.write("models/.git/no", "no");
    project.write("models/target/CACHEDIR.TAG", "no");
    project.write(".dockerignore", "*.md\n");
    project.run(&DEPLOY).exits(0);
    let folder = project.rendered("fal/a");
    assert_eq!(
        project.read(&format!("{folder}/Dockerfile")),
        project.read("Dockerfile")
    );
    for (file, text) in [("a file", "a"), ("models/deep/one.txt", "one")] {
        assert_eq!(project.read(&format!("{folder}/{file}")), text);
    }
    assert!(project.path(&folder).join("p").is_file());
    for left_out in ["models/.git", "models/target", "src"] {
        assert!(!project.path(&folder).join(left_out).exists(), "{left_out}");
    }
}

#[test]
fn another_state_of_the_project_is_no_part_of_the_context() {
    let project = project_with_dockerfile("FROM debian\nCOPY . .\nENTRYPOINT [\"./p\"]\n");
    // What the tool of these tests writes.
    project.write(".dockerignore", "calls\nlive.json\nnext.json\n");
    deploy_and_list(&project, json!({}));
    let state = project.read("machinist-state.json");
    project.write("staging-state.json", &state);
    project.write(".staging-state.json.lock", "");
    project.write("deploy/qa", &state);
    let plan = project.run(&PLAN);
    assert!(plan.exits(0).stdout.contains("1 unchanged"));
    // A file of the project is.
    project.write("data.json", "{}");
    let plan = project.run(&PLAN);
    assert!(plan.exits(2).stdout.contains("context  changed"));
}

#[test]
fn a_copy_that_the_client_would_skip_is_an_error() {
    for (dockerfile, expected) in [
        (
            "FROM debian\nCOPY p /\nCOPY weights.bin /\n",
            "error: `Dockerfile:3` copies `weights.bin`, which cannot be read: No such file or \
             directory (os error 2)\n\
             help: fal's client would pass over it, and deploy without it\n\
             note: the binary is copied as `p`",
        ),
        (
            "FROM debian\n  COPY p /\n",
            "error: `Dockerfile:2` has an instruction that does not begin its line\n\
             help: remove the text before it: fal's client does not find it there",
        ),
        (
            "FROM debian\nCOPY *.json /\n",
            "error: `Dockerfile:2` copies `*.json`, a pattern\n\
             help: name the files, or their folder: fal's client does not send what patterns mean",
        ),
        (
            "FROM debian\nCOPY ../secret /\n",
            "error: `Dockerfile:2` copies `../secret`, which is outside of its folder",
        ),
        (
            "FRM debian\n",
            "error: cannot read `Dockerfile`: unknown instruction 'FRM' at line 1 column 1",
        ),
    ] {
        let project = project_with_dockerfile(dockerfile);
        project.run(&DEPLOY).exits(1).says(expected);
        assert!(take_calls(&project).is_empty() && !project.path("machinist-state.json").exists());
    }
}

#[test]
fn a_dockerfile_without_the_binary_is_a_warning() {
    let project = project_with_dockerfile("FROM ghcr.io/acme/llm\n");
    let answer = project.run(&DEPLOY).exits(0);
    assert!(
        answer.stderr.contains(
            "warning: `Dockerfile` does not copy `p`, the binary that was read\n\
         help: write `COPY p /usr/local/bin/` into it: the program that it runs may be of other code\n"
        ),
        "{answer:?}"
    );
}

#[test]
fn an_image_built_elsewhere_needs_no_binary() {
    let project = project();
    let settings = "[package.metadata.machinist]\ntarget = \"fal\"\nauth = \"public\"\n\
                    apps.a.image = \"ghcr.io/acme/a:v1\"";
    project.write("Cargo.toml", &package("p", settings));
    project.run(&["deploy", "-yq"]).exits(0);
    let app = &pyproject(&project)["tool"]["fal"]["apps"]["a"];
    assert_eq!(app["image"]["image"], "ghcr.io/acme/a:v1".into());
    assert_eq!(app["auth"], "public".into());
    let files = fs::read_dir(project.path(&project.rendered("fal/a"))).unwrap();
    assert_eq!(files.count(), 1);
}

#[test]
fn render_writes_the_files_of_a_deploy() {
    let project = project();
    let answer = project
        .run(&["render", "--target", "fal", "--out", "out"])
        .exits(0);
    assert!(
        answer
            .stderr
            .contains("To run fal deploy a --yes  (in out/a)"),
        "{answer:?}"
    );
    for file in ["pyproject.toml", "Dockerfile", ".dockerignore", "p"] {
        assert!(project.path("out/a").join(file).is_file(), "{file}");
    }
    assert!(take_calls(&project).is_empty());
    let file = project.run(&["render", "-q", "--out", "out"]).exits(0);
    assert_eq!(file.stderr, "");
    assert!(
        project
            .read("out/machinist-effective.json")
            .contains("GPU-H200")
    );
}

#[test]
fn texts_reach_the_files_unchanged() {
    let project = project();
    let path = "/a'b#{$x}%20&c;d|e~[f]";
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "health_check": {"path": path}});
    let main = record_of("a", "p", &code, &json!({})) + "fn main() {}\n";
    project.write("src/main.rs", &main);
    project.run(&DEPLOY).exits(0);
    let app = &pyproject(&project)["tool"]["fal"]["apps"]["a"];
    assert_eq!(app["health_check"]["path"], path.into());
}
