//! What a change says of itself: counts, the apps that it is about, the question, and its result as
//! data.
#![cfg(unix)]

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, payload};

/// The apps `one`, `two` and `three` in one binary.
fn project() -> Project {
    let project = Project::for_skypilot();
    project.write_services(&["one", "two", "three"], 1);
    project
}

const DEPLOY: [&str; 4] = ["deploy", "-y", "--binary", "a.wasm"];

fn deploy<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&DEPLOY[..], more].concat()
}

#[test]
fn unchanged_apps_are_counted_and_changed_ones_are_numbered_while_they_are_deployed() {
    let project = project();
    let first = project.run(&deploy(&[])).exits(0);
    for (n, app) in [(1, "one"), (2, "three"), (3, "two")] {
        let line =
            format!("     Running [{n}/3] sky serve up --yes --service-name {app} service.yaml\n");
        assert!(first.stderr.contains(&line), "{first:?}");
    }
    project.run(&["scale", "one", "max_concurrency=9"]).exits(0);
    let plan = project.run(&["plan", "-q", "--binary", "a.wasm"]).exits(0);
    assert_eq!(plan.stdout, "skypilot: 3 unchanged\n");
    let json = project
        .run(&["plan", "-q", "--binary", "a.wasm", "--format=json"])
        .json();
    assert_eq!(json["apps"][0]["tuned"][0]["value"], 9);
    assert_eq!(json["apps"][2]["action"], "unchanged");
}

#[test]
fn plan_and_deploy_take_names_of_apps() {
    let project = project();
    let plan = project
        .run(&["plan", "-q", "two", "--binary", "a.wasm"])
        .exits(0);
    assert!(plan.stdout.starts_with("+ two  create\n"), "{plan:?}");
    assert!(
        plan.stdout.ends_with("\nskypilot: 1 to create\n"),
        "{plan:?}"
    );
    project
        .run(&["deploy", "-yq", "two", "one", "--binary", "a.wasm"])
        .exits(0);
    assert_eq!(
        project.services().into_keys().collect::<Vec<_>>(),
        ["one", "two"]
    );
    project
        .run(&["deploy", "-yq", "tow", "--binary", "a.wasm"])
        .exits(1)
        .says(
            "error: no app `tow` is in the code or deployed\n\
             help: an app with a similar name exists: `two`\n\
             note: apps are one, three, two",
        );
}

#[test]
fn an_app_is_destroyed_by_its_name() {
    let project = project();
    project.run(&deploy(&[])).exits(0);
    project.take_calls();
    let asked = project.run(&["destroy", "two"]).exits(1);
    assert_eq!(asked.stdout, "- two  delete\n\nskypilot: 1 to delete\n");
    assert!(project.take_calls().is_empty());
    let dry = project.run(&["destroy", "two", "--dry-run"]).exits(0);
    assert!(
        dry.stdout
            .contains("would run    sky serve down --yes two\n"),
        "{dry:?}"
    );
    let json = project
        .run(&["destroy", "two", "-y", "--format=json"])
        .exits(0)
        .json();
    assert_eq!(
        json["result"],
        json!({"serial": 2, "done": ["two"], "not_done": []})
    );
    assert_eq!(project.take_calls(), ["serve down --yes two"]);
    assert_eq!(
        project.services().into_keys().collect::<Vec<_>>(),
        ["one", "three"]
    );
    project.run(&["destroy", "two", "-y"]).exits(1).says(
        "error: no app `two` is deployed\n\
         help: deployed apps are one, three",
    );
    // It is in the code, so it is new.
    let plan = project.run(&["plan", "-q", "--binary", "a.wasm"]).exits(0);
    assert!(
        plan.stdout
            .ends_with("skypilot: 1 to create, 2 unchanged\n"),
        "{plan:?}"
    );
}

#[test]
fn one_tuned_value_is_given_back() {
    let project = project();
    project.run(&deploy(&[])).exits(0);
    project
        .run(&["scale", "one", "max_concurrency=9", "min_concurrency=2"])
        .exits(0);
    let reset = project
        .run(&["scale", "one", "--reset", "max_concurrency"])
        .exits(0);
    assert_eq!(
        reset.stdout,
        "~ one  update\n    max_concurrency  9 -> 4  (reset: it was tuned)\n    \
         min_concurrency  stays 2  (tuned; the code sets nothing)\n\nskypilot: 1 to update\n"
    );
    let service = &project.services()["one"];
    assert!(service.contains("\"max_replicas\": 4") && service.contains("\"min_replicas\": 2"));
    project
        .run(&["scale", "one", "--reset", "max_concurrency"])
        .exits(1)
        .says(
            "error: `max_concurrency` of `one` is not tuned\n\
         help: tuned values are min_concurrency",
        );
    project.run(&["scale", "one"]).exits(1);
    let last = project
        .run(&["scale", "one", "--reset", "min_concurrency"])
        .exits(0);
    assert!(
        last.stderr
            .ends_with("       Reset one: the code's values are in effect\n"),
        "{last:?}"
    );
    project.take_calls();
    // Nothing of it is tuned any more.
    project.run(&deploy(&["--reset-scaling", "one"])).exits(0);
    assert!(project.take_calls().is_empty());
}

#[test]
fn the_result_is_one_document_with_what_was_done_and_what_was_not() {
    let project = project();
    project.write("fail", "three");
    let failed = project.run(&deploy(&["--format=json"])).exits(1).json();
    let result = &failed["result"];
    assert_eq!(result["done"], json!(["one"]));
    assert_eq!(result["not_done"], json!(["three", "two"]));
    let error = &result["errors"][0];
    assert_eq!(error["app"], "three");
    assert_eq!(
        error["message"],
        "`sky serve up --yes --service-name three service.yaml` failed (exit status: 3), and \
         `sky serve update --yes three service.yaml` failed (exit status: 3)"
    );
    assert!(
        error["help"][0]
            .as_str()
            .unwrap()
            .starts_with("see the output of both above")
    );
    fs::remove_file(project.path("fail")).unwrap();

    let done = project.run(&deploy(&["--format=json"])).exits(0).json();
    assert_eq!(done["apps"].as_array().unwrap().len(), 3);
    // The serial is that of the history.
    assert_eq!(
        done["result"],
        json!({"serial": 2, "done": ["three", "two"], "not_done": []})
    );
    let apps = project.run(&["apps", "two"]).exits(0).stdout;
    assert!(apps.contains("deploy 2: just now"), "{apps}");
    let nothing = project.run(&deploy(&["--format=json"])).exits(0).json();
    assert_eq!(
        nothing["result"],
        json!({"serial": 2, "done": [], "not_done": []})
    );

    let tuned = ["scale", "one", "max_concurrency=9", "--format=json"];
    let tuned = project.run(&tuned).exits(0).json();
    assert_eq!(tuned["result"]["done"], json!(["one"]));
    project.write("fail", "one");
    let tuned = ["scale", "one", "max_concurrency=8", "--format=json"];
    let tuned = project.run(&tuned).exits(1).json();
    assert_eq!(tuned["result"]["errors"][0]["app"], "one");
    assert_eq!(tuned["result"]["not_done"], json!(["one"]));
}

#[test]
fn errors_are_data_too() {
    let project = project();
    let error = |args: &[&str]| -> Value {
        let answer = project.run(&[args, &["--format=json"]].concat()).exits(1);
        let mut lines = answer.stderr.lines();
        assert!(lines.any(|line| line.starts_with("error: ")), "{answer:?}");
        answer.json()["error"].clone()
    };
    assert_eq!(
        error(&["scale", "one", "keep_alive=1m"]),
        json!({
            "message": "no app `one` is deployed",
            "help": ["deploy it with `cargo machinist deploy`"],
        })
    );
    // Nobody has seen the plan, so nobody can agree to it.
    let asked = project.run(&["deploy", "--binary", "a.wasm", "--format=json"]);
    let asked = asked.exits(1).json();
    assert_eq!(
        asked["refusal"]["message"],
        "cannot ask for confirmation: nobody has seen the plan"
    );
    assert_eq!(asked["apps"][0]["action"], "create");
    project.write("machinist-state.json", "{");
    for args in [&["plan", "--binary", "a.wasm"][..], &["apps"], &DEPLOY] {
        let message = error(args)["message"].to_string();
        assert!(message.contains("this is not a state"), "{message}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_question_names_the_place_and_no_is_an_error() {
    let project = project();
    let (code, said) = project.on_a_terminal("deploy --color=never --binary a.wasm", "n\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Deploy to skypilot? [y/N] "), "{said}");
    assert!(
        said.contains("error: stopped: nothing was done\r\n"),
        "{said}"
    );
    assert!(project.take_calls().is_empty());
    let (code, said) =
        project.on_a_terminal("deploy --color=never --jobs 2 --binary a.wasm", "y\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Deploy to skypilot, 2 apps at once? [y/N] "),
        "{said}"
    );
    let (code, said) = project.on_a_terminal("destroy --color=never one", "\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("Delete `one` from skypilot? [y/N] "),
        "{said}"
    );
    assert_eq!(project.services().len(), 3);
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_asked_when_the_plan_went_to_a_file() {
    let project = project();
    let (code, said) = project.on_a_terminal("deploy --binary a.wasm > plan.txt", "y\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot ask for confirmation"), "{said}");
    assert!(project.read("plan.txt").contains("3 to create"));
    assert!(project.take_calls().is_empty());
}

#[test]
fn whatever_a_subcommand_does_it_is_one_document() {
    let project = project();
    let manifest = project.run(&["manifest", "--binary", "a.wasm"]).exits(0);
    project.write("manifest.json", &manifest.stdout);
    project.write("old.json", "{}\n");
    let binary = ["--binary", "a.wasm"];
    let deploy = ["deploy", "-y"];
    for (args, reads, code) in [
        (&["plan"][..], true, 0),
        (&deploy, true, 0),
        (&deploy, true, 0),
        (&["deploy", "--dry-run", "--force"], true, 0),
        (&["render", "-o", "out"], true, 0),
        (&["plan", "--strict", "nobody"], true, 1),
        (&["scale", "one", "max_concurrency=9"], false, 0),
        (&["scale", "one", "--reset", "max_concurrency"], false, 0),
        (&["scale", "one", "max_concurrency=0"], false, 1),
        (&["rollback", "one", "-y"], false, 1),
        (&["mv", "one", "uno"], false, 0),
        (&["mv", "one", "two"], false, 1),
        (&["destroy", "two", "-y"], false, 0),
        (&["destroy", "two"], false, 1),
        (&["apps"], false, 0),
        (&["apps", "--nope"], false, 1),
        (&["deploy", "--jobs=none"], true, 1),
        (&["no-such-subcommand"], false, 1),
        (&["apps", "three"], false, 0),
        (&["apps", "two"], false, 1),
        (&["machines"], false, 0),
        (&["machines", "GPU-H100"], false, 0),
        (&["machines", "GPU-H10O"], false, 1),
        (&["schema"], false, 0),
        (&["manifest"], true, 0),
        (&["manifest", "-o", "new.json"], true, 0),
        (&["manifest", "--check", "manifest.json"], true, 0),
        (&["manifest", "--check", "old.json"], true, 3),
        (&["manifest", "--check", "none.json"], true, 1),
    ] {
        let binary = if reads { &binary[..] } else { &[] };
        let args = [args, binary, &["--format=json"]].concat();
        let answer = project.run(&args).exits(code);
        let document: Value = serde_json::from_str(&answer.stdout)
            .unwrap_or_else(|error| panic!("{args:?}: {error}: {answer:#?}"));
        let is_error = document["error"].is_object() || document["refusal"].is_object();
        assert_eq!(is_error, code != 0, "{args:?}: {document}");
    }
}

#[test]
fn advice_is_about_the_same_deployment() {
    let project = project();
    let flags = ["--target", "skypilot", "--state", "prod.json"];
    let run = |args: &[&str]| project.run(&[args, &flags].concat());
    run(&deploy(&[])).exits(0);
    run(&["scale", "one", "min_concurrency=3"]).exits(0);
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080});
    let app = payload("one", "p", &code, &json!({"max_concurrency": 2}));
    project.write_binary("a.wasm", &[app]);
    let refused = run(&["plan", "--binary", "a.wasm"]).exits(1).stderr;
    let advised =
        "`cargo machinist scale one --reset min_concurrency --target skypilot --state prod.json`";
    assert!(refused.contains(advised), "{refused}");
    let words: Vec<&str> = advised.trim_matches('`').split(' ').skip(2).collect();
    project.run(&words).exits(0);
    let refused = run(&["plan", "--binary", "a.wasm", "--format=json"]);
    assert_eq!(refused.exits(0).json()["refusal"], Value::Null);
}
