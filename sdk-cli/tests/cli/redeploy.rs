//! Plan, deploy, tune, redeploy and roll back, on the target `file`.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use machinist_core::parameter::Key;
use machinist_core::setting::Setting;
use machinist_deploy::{State, Store};
use serde_json::{Value, json};

use crate::support::{Project, answer, git, kills, package, record_of, record_static};

const STATE_FILE: &str = "machinist-state.json";
const EFFECTIVE_FILE: &str = "machinist-effective.json";

/// One app `a` on two H100s with `keep_alive` of five minutes.
fn project() -> Project {
    let project = Project::with_one_app();
    project.set_app(
        &json!({"machine_type": ["GPU-H100"], "gpus": 2}),
        &json!({"keep_alive": 300, "max_concurrency": 4}),
    );
    project
}

fn state(project: &Project) -> State {
    State::parse(&project.read(STATE_FILE)).unwrap()
}

fn effective_app(project: &Project, app: usize) -> Value {
    let text: Value = serde_json::from_str(&project.read(EFFECTIVE_FILE)).unwrap();
    text["apps"][app].clone()
}

#[test]
fn a_plan_shows_what_a_deploy_does_and_does_nothing() {
    let project = project();
    let plan = project.run(&["plan", "-q"]).exits(0);
    let expected = "\
+ a  create
    machine_type     GPU-H100
    gpus             2
    keep_alive       5m
    max_concurrency  4

file: 1 to create
";
    assert_eq!((&*plan.stdout, &*plan.stderr), (expected, ""));
    assert!(!project.path(STATE_FILE).exists() && !project.path(EFFECTIVE_FILE).exists());
    let deploy = project.run(&["deploy", "--yes", "-q"]).exits(0);
    assert_eq!(deploy.stdout, expected);
    assert_eq!(
        effective_app(&project, 0),
        json!({
            "name": "a", "binaries": ["p"],
            "code": {"machine_type": ["GPU-H100"], "gpus": 2},
            "scaling": {"keep_alive": 300, "max_concurrency": 4},
        })
    );
}

#[test]
fn a_second_deploy_changes_no_file_and_asks_nothing() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let files = || (project.read(STATE_FILE), project.read(EFFECTIVE_FILE));
    let before = files();
    let again = project.run(&["deploy"]).exits(0);
    assert!(
        again
            .stderr
            .ends_with("Unchanged what is deployed matches the code\n")
    );
    assert_eq!(files(), before);
}

#[test]
fn an_effective_file_that_differs_is_planned_and_written() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let effective = project.read(EFFECTIVE_FILE);
    let plan = ["plan", "-q", "--detailed-exitcode"];
    let spoil: [&dyn Fn(); 2] = [
        &|| fs::remove_file(project.path(EFFECTIVE_FILE)).unwrap(),
        &|| project.write(EFFECTIVE_FILE, "{}\n"),
    ];
    for spoil in spoil {
        spoil();
        let said = project.run(&plan).exits(2).stdout;
        assert_eq!(
            said,
            "~ machinist-effective.json  is missing or differs from what is deployed: it is \
             written again\n\nfile: 1 unchanged, 1 file to write\n"
        );
        let written = project.run(&["deploy", "--yes"]).exits(0);
        assert!(
            written
                .stderr
                .ends_with("       Wrote machinist-effective.json\n"),
            "{written:?}"
        );
        assert_eq!(project.read(EFFECTIVE_FILE), effective);
        project.run(&plan).exits(0);
    }
}

#[test]
fn code_parameters_come_from_the_code_and_tuned_values_stay_until_reset() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let tuned = project.run(&["scale", "a", "keep_alive=10m", "regions=us-west,eu-north"]);
    assert_eq!(
        tuned.exits(0).stdout,
        "~ a  update\n    keep_alive  5m -> 10m  (tuned)\n    \
         regions     not set -> us-west, eu-north  (tuned)\n\nfile: 1 to update\n"
    );
    project.set_app(
        &json!({"machine_type": ["GPU-H200", "GPU-H100"], "gpus": 2, "port": 80}),
        &json!({"keep_alive": 60, "max_concurrency": 9}),
    );
    let plan = project.run(&["deploy", "--yes", "-q"]).exits(0);
    assert_eq!(
        plan.stdout,
        "~ a  update
    machine_type     GPU-H100 -> GPU-H200, GPU-H100
    port             not set -> 80
    max_concurrency  4 -> 9
    keep_alive       stays 10m  (tuned; the code says 1m)
    regions          stays us-west, eu-north  (tuned; the code sets nothing)

file: 1 to update
"
    );
    let scaling = json!({
        "keep_alive": 600, "max_concurrency": 9, "regions": ["us-west", "eu-north"],
    });
    assert_eq!(effective_app(&project, 0)["scaling"], scaling);
    let reset = project.run(&["deploy", "-yq", "--reset-scaling"]).exits(0);
    assert!(
        reset
            .stdout
            .contains("keep_alive  10m -> 1m  (reset: it was tuned)"),
        "{reset:?}"
    );
    let scaling = json!({"keep_alive": 60, "max_concurrency": 9});
    assert_eq!(effective_app(&project, 0)["scaling"], scaling);
    assert!(
        state(&project).deployed_to("file").apps["a"]
            .overrides
            .is_empty()
    );
}

#[test]
fn tuning_follows_the_rules_of_the_attribute() {
    let project = project();
    project
        .run(&["scale", "a", "keep_alive=10m"])
        .exits(1)
        .says("error: no app `a` is deployed\nhelp: deploy it with `cargo machinist deploy`");
    project.run(&["deploy", "--yes"]).exits(0);
    let before = project.read(STATE_FILE);
    for (arguments, expected) in [
        (
            &["a", "gpus=4"][..],
            "`gpus` is a code parameter and cannot be tuned",
        ),
        (
            &["a", "keep_alvie=4"],
            "a scaling parameter with a similar name exists: `keep_alive`",
        ),
        (
            &["a", "keep_alive=5 minutes"],
            "write `keep_alive = \"5m\"`",
        ),
        (&["a", "keep_alive=-1"], "`keep_alive`"),
        (&["a", "regions=us-west,mars"], "unknown region `mars`"),
        (&["a", "min_concurrency=9"], "exceeds `max_concurrency` (4)"),
        (
            &["a", "keep_alive=1", "keep_alive=2"],
            "`keep_alive` is given twice",
        ),
        (
            &["a", "keep_alive"],
            "write a key and a value like `keep_alive=10m`",
        ),
        (
            &["b", "keep_alive=1"],
            "no app `b` is deployed\nhelp: deployed apps are a",
        ),
        (
            &["a", "\u{1b}[31m=1"],
            "unknown scaling parameter `\\u{1b}[31m`",
        ),
    ] {
        let answer = project.run(&[&["scale"], arguments].concat()).exits(1);
        assert!(
            answer.stderr.contains(expected),
            "{arguments:?}: {}",
            answer.stderr
        );
    }
    assert_eq!(project.read(STATE_FILE), before);
    project
        .run(&["scale", "a", "keep_alive=1", "--dry-run"])
        .exits(0);
    assert_eq!(project.read(STATE_FILE), before);
}

#[test]
fn without_a_terminal_a_deploy_needs_yes() {
    let project = project();
    let answer = project.run(&["deploy", "-q"]).exits(1);
    assert_eq!(
        answer.stderr,
        "error: cannot ask for confirmation: there is no terminal\n\
         help: look at the changes with `--dry-run`, then pass `--yes`\n"
    );
    let dry = project.run(&["deploy", "-q", "--dry-run"]).exits(0);
    assert!(
        dry.stdout.contains("would write  machinist-effective.json"),
        "{dry:?}"
    );
    assert!(!project.path(STATE_FILE).exists() && !project.path(EFFECTIVE_FILE).exists());
}

#[test]
fn the_exit_code_tells_changes_from_errors() {
    let project = project();
    let code =
        |args: &[&str]| project.run(&[&["plan", "-q", "--detailed-exitcode"], args].concat());
    code(&[]).exits(2);
    project.run(&["plan", "-q"]).exits(0);
    project.run(&["deploy", "--yes"]).exits(0);
    code(&[]).exits(0);
    code(&["--no-such-flag"]).exits(1);
    code(&["--reset-scaling", "b"]).exits(1);
    project.write("src/main.rs", "fn main() { no }");
    code(&[]).exits(101);
}

#[test]
fn a_plan_can_be_json() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    project.run(&["scale", "a", "keep_alive=10m"]).exits(0);
    project.set_app(
        &json!({"machine_type": ["GPU-H200"], "gpus": 2}),
        &json!({"keep_alive": 300, "max_concurrency": 4}),
    );
    let plan = project.run(&["plan", "--format", "json"]).exits(0).json();
    assert_eq!(
        plan,
        json!({
            "plan_version": 2,
            "target": "file",
            "apps": [{
                "name": "a",
                "action": "update",
                "package": "p",
                "binaries": ["p"],
                "changes": [{
                    "what": "machine_type",
                    "from": ["GPU-H100"], "to": ["GPU-H200"], "why": "code",
                }],
                "tuned": [{"parameter": "keep_alive", "value": 600, "code": 300}],
                "effective": {
                    "code": {"machine_type": ["GPU-H200"], "gpus": 2},
                    "scaling": {"keep_alive": 600, "max_concurrency": 4},
                },
            }],
        })
    );
    let dry = project
        .run(&["deploy", "--dry-run", "--format=json"])
        .exits(0)
        .json();
    assert_eq!(dry["files"], json!([{"path": "machinist-effective.json"}]));
    assert_eq!(dry["commands"], json!([]));
}

/// A package with the binaries `one` and `two`, each with an app.
fn two_binaries() -> Project {
    let main = |app| record_static(app, "p") + "fn main() {}\n";
    Project::new(&[
        ("Cargo.toml", &package("p", "")),
        ("src/bin/one.rs", &main("app-one")),
        ("src/bin/two.rs", &main("app-two")),
    ])
}

#[test]
fn an_app_gone_from_the_code_is_kept_until_it_is_pruned() {
    let project = two_binaries();
    project.run(&["deploy", "--yes"]).exits(0);
    fs::remove_file(project.path("src/bin/two.rs")).unwrap();
    let kept = project.run(&["deploy", "-q"]).exits(0).says(
        "warning: `app-two` is deployed, but not in this build\n\
         help: if it should be, name its crate in the program: `use my_apps as _;`\n\
         note: a dependency that no code names is not linked",
    );
    assert!(
        kept.stdout
            .contains("  app-two  kept: not in this build; `--prune` deletes it")
    );
    assert_eq!(effective_app(&project, 1)["name"], "app-two");
    let pruned = project.run(&["deploy", "-yq", "--prune"]).exits(0);
    assert!(pruned.stdout.contains("- app-two  delete"), "{pruned:?}");
    assert_eq!(effective_app(&project, 1), Value::Null);
}

#[test]
fn apps_of_binaries_that_were_not_built_are_left_alone() {
    let project = two_binaries();
    project.run(&["deploy", "--yes"]).exits(0);
    let before = project.read(STATE_FILE);
    let one = project
        .run(&["deploy", "-q", "--bin", "one", "--prune"])
        .exits(0);
    assert_eq!((&*one.stdout, &*one.stderr), ("file: 1 unchanged\n", ""));
    assert_eq!(project.read(STATE_FILE), before);
    let binary = format!("target/debug/one{}", std::env::consts::EXE_SUFFIX);
    let read = project
        .run(&["deploy", "-q", "--prune", "--binary", &binary])
        .exits(0);
    assert_eq!(read.stdout, one.stdout);
}

#[test]
fn an_app_that_was_built_but_not_linked_is_never_deleted() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            &(package(
                "p",
                "[dependencies]\napps.path = \"apps\"\nmachinist.path = \"machinist\"",
            ) + "[workspace]\n"),
        ),
        (
            "src/main.rs",
            &format!(
                "use apps as _;\n{}fn main() {{}}\n",
                record_static("a", "p")
            ),
        ),
        (
            "apps/Cargo.toml",
            &package("apps", "[dependencies]\nmachinist.path = \"../machinist\""),
        ),
        ("apps/src/lib.rs", &record_static("b", "apps")),
        ("machinist/Cargo.toml", &package("machinist", "")),
        ("machinist/src/lib.rs", ""),
    ]);
    project.run(&["deploy", "--yes"]).exits(0);
    let before = project.read(STATE_FILE);
    project.write("src/main.rs", &(record_static("a", "p") + "fn main() {}\n"));
    let kept = project.run(&["deploy", "-q"]).exits(0);
    assert!(kept.stdout.contains("b  kept"), "{kept:?}");
    kept.says(
        "warning: the app `b` of the crate `apps` is lost: no binary that was built links it\n\
         help: add `use apps as _;` to `src/main.rs`\n\
         note: a dependency that no code names is not linked",
    );
    project.run(&["deploy", "-yq", "--prune"]).exits(1).says(
        "error: `b` is not deleted: it is in the code, but it was not linked\n\
         help: add `use apps as _;` to `src/main.rs`\n\
         note: a dependency that no code names is not linked",
    );
    assert_eq!(project.read(STATE_FILE), before);
}

#[test]
fn the_apps_and_their_deploys_are_shown() {
    let project = project();
    assert!(
        project
            .run(&["apps"])
            .exits(0)
            .stderr
            .contains("nothing is deployed to file")
    );
    project.run(&["deploy", "--yes"]).exits(0);
    project.run(&["scale", "a", "keep_alive=10m"]).exits(0);
    let all = project.run(&["apps"]).exits(0).stdout;
    let cells: Vec<&str> = all
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .take(5)
        .collect();
    assert_eq!(cells, ["a", "GPU-H100", "2", "keep_alive=10m", "-"]);
    let one = project.run(&["apps", "a"]).exits(0).stdout;
    assert!(
        one.contains("keep_alive                10m  (tuned; the code says 5m)"),
        "{one}"
    );
    assert!(one.contains("deploy 1: "), "{one}");
    let json = project.run(&["apps", "--format=json"]).exits(0).json();
    assert_eq!(json["apps"][0]["overrides"], json!({"keep_alive": 600}));
    assert_eq!(json["apps"][0]["effective"]["scaling"]["keep_alive"], 600);
    project.run(&["apps", "aa"]).exits(1).says(
        "error: no app `aa` is deployed\n\
             help: a deployed app with a similar name exists: `a`\n\
             note: deployed apps are a",
    );
}

#[test]
fn a_rollback_restores_an_earlier_deploy_with_its_scaling() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    project
        .run(&["rollback", "a", "--yes"])
        .exits(1)
        .says(&format!(
            "error: no earlier deploy is recorded\nhelp: recorded deploys are 1 ({})",
            state(&project).deployed_to("file").apps["a"].history[0].time
        ));
    project.run(&["scale", "a", "keep_alive=10m"]).exits(0);
    for (gpus, seconds) in [(4, 60), (8, 30)] {
        project.set_app(
            &json!({"machine_type": ["GPU-H100"], "gpus": gpus}),
            &json!({"keep_alive": seconds}),
        );
        project.run(&["deploy", "-y", "--reset-scaling"]).exits(0);
    }
    let kept = project.run(&["rollback", "a", "--dry-run"]).exits(0);
    assert!(!kept.stdout.contains("keep_alive"), "{kept:?}");
    let back = ["rollback", "a", "--yes", "--with-scaling"];
    let back = project.run(&back).exits(0);
    assert!(
        back.stdout.contains("gpus        8 -> 4  (rolled back)"),
        "{back:?}"
    );
    assert!(
        back.stderr
            .contains("the next deploy applies its values again"),
        "{back:?}"
    );
    assert_eq!(
        effective_app(&project, 0)["scaling"],
        json!({"keep_alive": 60})
    );
    project
        .run(&["rollback", "a", "--to", "1", "--yes", "--with-scaling"])
        .exits(0);
    assert_eq!(effective_app(&project, 0)["code"]["gpus"], 2);
    assert_eq!(effective_app(&project, 0)["scaling"]["keep_alive"], 300);
    let plan = project.run(&["plan", "-q"]).exits(0).stdout;
    assert!(plan.contains("gpus             2 -> 8"), "{plan}");
}

#[test]
fn a_clock_set_back_does_not_change_the_order_of_deploys() {
    let project = project();
    let deploy = |gpus: u32| {
        let code = json!({"machine_type": ["GPU-H100"], "gpus": gpus});
        project.set_app(&code, &json!({}));
        project.run(&["deploy", "--yes"]).exits(0);
    };
    deploy(1);
    deploy(2);
    let mut later: Value = serde_json::from_str(&project.read(STATE_FILE)).unwrap();
    for deploy in later["targets"]["file"]["apps"]["a"]["history"]
        .as_array_mut()
        .unwrap()
    {
        deploy["time"] = "9999-12-31T23:59:59Z".into();
    }
    project.write(STATE_FILE, &later.to_string());
    deploy(4);
    let serials = || -> Vec<u64> {
        let history = state(&project).deployed_to("file").apps["a"]
            .history
            .clone();
        history.iter().map(|deploy| deploy.serial).collect()
    };
    assert_eq!(serials(), [3, 2, 1]);
    let shown = project.run(&["apps", "a"]).exits(0).stdout;
    let places: Vec<_> = (1..=3)
        .map(|serial| shown.find(&format!("deploy {serial}: ")).unwrap())
        .collect();
    assert!(places.is_sorted_by(|a, b| a > b), "{shown}");
    project.run(&["rollback", "a", "--yes"]).exits(0);
    assert_eq!(effective_app(&project, 0)["code"]["gpus"], 2);
    project
        .run(&["rollback", "a", "--to", "1", "--yes"])
        .exits(0);
    assert_eq!(effective_app(&project, 0)["code"]["gpus"], 1);
    assert_eq!(serials(), [5, 4, 3, 2, 1]);
}

#[test]
fn a_deploy_records_its_commit() {
    let project = project();
    let git = |args: &[&str]| git(&project.path(""), args);
    git(&["init", "-q"]);
    project.write(".gitignore", "target\n.*.lock\n");
    project.run(&["manifest"]).exits(0);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    let commit = git(&["rev-parse", "HEAD"]);
    project.run(&["deploy", "--yes"]).exits(0);
    let last = |project: &Project| state(project).deployed_to("file").apps["a"].history[0].clone();
    assert_eq!(last(&project).commit, Some(commit.clone()));
    git(&["add", "-A"]);
    git(&["commit", "-qm", "deployed"]);
    let commit = git(&["rev-parse", "HEAD"]);
    project.set_app(
        &json!({"machine_type": ["GPU-H200"], "gpus": 1}),
        &json!({}),
    );
    project.run(&["deploy", "--yes"]).exits(0);
    assert_eq!(last(&project).commit, Some(commit + "-dirty"));

    // A changed state file does not make the commit dirty, wherever the settings put it.
    let settings = "[package.metadata.machinist]\nstate = \"live.json\"";
    project.write("Cargo.toml", &package("p", settings));
    project.run(&["deploy", "--yes"]).exits(0);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "elsewhere"]);
    let commit = git(&["rev-parse", "HEAD"]);
    for gpus in ["2", "4"] {
        project
            .run(&["scale", "a", &format!("keep_alive={gpus}")])
            .exits(0);
        project
            .run(&["deploy", "--yes", "--reset-scaling"])
            .exits(0);
    }
    let state = State::parse(&project.read("live.json"))
        .unwrap()
        .deployed_to("file");
    assert_eq!(state.apps["a"].history[0].commit, Some(commit));
}

#[test]
fn a_damaged_state_is_an_error_and_stays_as_it_is() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let damaged = project
        .read(STATE_FILE)
        .replace("\"serial\": 1,", "\"serial\": one,");
    project.write(STATE_FILE, &damaged);
    for args in [
        &["plan", "-q"][..],
        &["deploy", "-yq"],
        &["apps"],
        &["scale", "a", "keep_alive=1"],
    ] {
        project.run(args).exits(1).says(
            "error: `machinist-state.json`: this is not a state: expected value at line 4 column 13\n\
             help: restore it from git, or correct it; nothing was changed",
        );
    }
    assert_eq!(project.read(STATE_FILE), damaged);
    let newer = damaged
        .replace("one,", "1,")
        .replace("\"state_version\": 3", "\"state_version\": 9");
    project.write(STATE_FILE, &newer);
    project.run(&["plan", "-q"]).exits(1).says(
        "error: `machinist-state.json`: the state has version 9, and the newest known here is 3\n\
         help: upgrade with `cargo install cargo-machinist`",
    );
}

#[test]
fn deploys_at_the_same_time_wait_or_name_the_other_process() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let binary = format!("target/debug/p{}", std::env::consts::EXE_SUFFIX);
    let tuners: Vec<_> = (1..=20)
        .map(|n| {
            let value = format!("max_concurrency={}", 4 + n);
            let mut scale = project.command(&["scale", "a", &value]);
            let mut deploy = project.command(&["deploy", "-y", "--binary", &binary]);
            thread::spawn(move || (answer(&mut scale), answer(&mut deploy), 4 + n))
        })
        .collect();
    let mut tuned = Vec::new();
    for tuner in tuners {
        let (scale, deploy, value) = tuner.join().unwrap();
        for answer in [&scale, &deploy] {
            let is_held = answer.stderr.contains("is in use by process");
            assert!(answer.code == Some(0) || is_held, "{answer:?}");
        }
        tuned.extend((scale.code == Some(0)).then_some(value));
    }
    let state = state(&project);
    assert_eq!(state.serial, 1 + tuned.len() as u64);
    let overrides = &state.deployed_to("file").apps["a"].overrides;
    let tuned_value = overrides.get(Key::MaxConcurrency).unwrap().as_ref();
    let value = tuned_value.and_then(Setting::number).unwrap();
    assert!(tuned.contains(&value), "{value} of {tuned:?}");
    assert_eq!(
        effective_app(&project, 0)["scaling"]["max_concurrency"],
        value
    );
}

#[test]
fn a_dry_run_neither_waits_for_the_lock_nor_takes_it() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let held = Store::open(project.path(STATE_FILE), None).unwrap();
    project.run(&["deploy", "--yes"]).exits(1);
    project.run(&["deploy", "--dry-run"]).exits(0);
    project
        .run(&["scale", "--dry-run", "a", "keep_alive=1m"])
        .exits(0);
    drop(held);
    project.run(&["deploy", "--yes"]).exits(0);
}

#[test]
fn a_killed_deploy_leaves_the_old_state_or_the_new_one() {
    let project = project();
    project.run(&["deploy", "--yes"]).exits(0);
    let suffix = std::env::consts::EXE_SUFFIX;
    let variants: Vec<String> = (1..=8)
        .map(|gpus| {
            let code = json!({"machine_type": ["GPU-H100"], "gpus": gpus});
            let main = record_of("a", "p", &code, &json!({"keep_alive": gpus})) + "fn main() {}\n";
            project.write(&format!("src/bin/v{gpus}.rs"), &main);
            format!("target/debug/v{gpus}{suffix}")
        })
        .collect();
    fs::remove_file(project.path("src/main.rs")).unwrap();
    for gpus in 1..=8 {
        project
            .run(&["manifest", "--bin", &format!("v{gpus}")])
            .exits(0);
    }
    let deploy = |variant: &String| {
        let mut deploy = project.command(&["deploy", "-yq", "--binary", variant]);
        deploy
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let started = Instant::now();
    assert!(deploy(&variants[0]).wait().unwrap().success());
    let whole = started.elapsed();
    let mut serial = state(&project).serial;
    let (mut finished, mut changed, mut cut) = (0, 0, 0);
    for (round, variant) in (0..kills()).zip(variants.iter().cycle().skip(1)) {
        let mut child = deploy(variant);
        // From the start of the deploy to some time after its end.
        thread::sleep(whole * u32::try_from(round * 7919 % 130).unwrap() / 100);
        child.kill().unwrap();
        let is_finished = child.wait().unwrap().success();
        let state = state(&project);
        assert!(
            state.serial == serial || state.serial == serial + 1,
            "{serial}: {state:?}"
        );
        match (is_finished, state.serial > serial) {
            (true, _) => finished += 1,
            (false, true) => changed += 1,
            (false, false) => cut += 1,
        }
        serial = state.serial;
        let text: Value = serde_json::from_str(&project.read(EFFECTIVE_FILE)).unwrap();
        assert_eq!(text["effective_version"], 1);
    }
    eprintln!("killed: {cut} before the state was saved, {changed} after it, {finished} too late");
    assert!(cut > 0, "no deploy was killed before its end");
    // Whatever the last state is, at least the second deploy changes something.
    for variant in &variants[2..4] {
        let last = project.run(&["deploy", "-yq", "--binary", variant]);
        assert!(last.exits(0).stderr.is_empty());
    }
    assert_eq!(effective_app(&project, 0)["code"]["gpus"], 4);
    assert_eq!(
        state(&project).deployed_to("file").apps["a"]
            .code
            .number(Key::Gpus),
        Some(4)
    );
    let files = fs::read_dir(project.path("")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let left_over: Vec<String> = names.filter(|name| name.ends_with(".tmp")).collect();
    assert!(left_over.is_empty(), "{left_over:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_the_answer_decides() {
    let project = project();
    // Built first, so that the question comes at once.
    project.run(&["manifest"]).exits(0);
    for answer in ["n\n", "\n", "yess\n"] {
        let (code, said) = project.on_a_terminal("deploy -q", answer);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("Deploy to file?") && said.contains("[y/N]"),
            "{said}"
        );
        assert!(!project.path(STATE_FILE).exists(), "{answer:?}: {said}");
    }
    for answer in ["y\n", "YES\n"] {
        let (code, said) = project.on_a_terminal("deploy -q", answer);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(state(&project).serial, 1);
    }
}
