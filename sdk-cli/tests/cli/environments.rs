//! Environments, and settings of several packages: each has a state, a place and settings of its
//! own.
#![cfg(unix)]

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, answer, git, package, payload, record_static};

/// A tool that writes down how it is called.
const RECORDER: &str = "#!/bin/sh\necho \"$(basename \"$0\") $*\" >> \"$(dirname \"$0\")/../calls\"\n\
                        case \"$*\" in *list*) echo '{\"apps\": []}' ;; esac\n";

/// A package `p` with the app `a` in the binary `a.wasm`, and these settings.
fn project(settings: &str) -> Project {
    let project = Project::new(&[
        ("Cargo.toml", &package("p", settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    for tool in ["fal", "sky", "dstack"] {
        project.with_tool(tool, RECORDER);
    }
    project.write_services(&["a"], 1);
    project
}

/// The same with an image for all apps, on this target, and these environments.
fn on(target: &str, environments: &str) -> Project {
    project(&format!(
        "[package.metadata.machinist]\ntarget = \"{target}\"\nimage = \"acme/a:v1\"\n{environments}"
    ))
}

const TWO: &str =
    "[package.metadata.machinist.env.staging]\n[package.metadata.machinist.env.prod]\n";

/// The calls that change something.
fn changes(project: &Project) -> Vec<String> {
    let calls = project.take_calls().into_iter();
    calls.filter(|call| !call.contains("list")).collect()
}

#[test]
fn each_environment_has_its_own_state_and_effective_file() {
    let project = project(TWO);
    let deploy = ["deploy", "-yq", "--binary", "a.wasm"];
    project.run(&deploy).exits(0);
    project
        .run(&[&deploy[..], &["--env", "prod"]].concat())
        .exits(0);
    let mut by_variable = project.command(&deploy);
    answer(by_variable.env("MACHINIST_ENV", "staging")).exits(0);
    project
        .run(&["scale", "-q", "a", "max_concurrency=9", "--env", "prod"])
        .exits(0);
    for (name, environment, most) in [
        ("", Value::Null, 4),
        (".staging", json!("staging"), 4),
        (".prod", json!("prod"), 9),
    ] {
        let read = |file: String| -> Value { serde_json::from_str(&project.read(&file)).unwrap() };
        let state = read(format!("machinist-state{name}.json"));
        assert_eq!(state["environment"], environment);
        let effective = read(format!("machinist-effective{name}.json"));
        assert_eq!(
            effective["apps"][0]["scaling"]["max_concurrency"], most,
            "{name}"
        );
    }
    // A flag is stronger than the variable, and an empty variable chooses none.
    for (variable, flag, expected) in [("staging", &["--env", "prod"][..], 9), ("", &[], 4)] {
        let mut apps = project.command(&["apps", "--format", "json"]);
        let apps = answer(apps.args(flag).env("MACHINIST_ENV", variable))
            .exits(0)
            .json();
        assert_eq!(
            apps["apps"][0]["effective"]["scaling"]["max_concurrency"],
            expected
        );
    }
}

#[test]
fn a_state_of_all_environments_is_divided_by_name() {
    let project = project(
        "[package.metadata.machinist]\nstate = \"deploy/state.json\"\n\
         env.staging.state = \"elsewhere.json\"\nenv.prod = {}\n",
    );
    for (environment, file) in [
        ("prod", "deploy/state.prod.json"),
        ("staging", "elsewhere.json"),
    ] {
        project
            .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", environment])
            .exits(0);
        assert!(project.path(file).is_file(), "{file}");
    }
    assert!(!project.path("deploy/state.json").exists());
}

#[test]
fn the_state_of_another_environment_is_refused() {
    let project = project(TWO);
    let deploy = ["deploy", "-yq", "--binary", "a.wasm"];
    project
        .run(&[&deploy[..], &["--env", "staging"]].concat())
        .exits(0);
    project.run(&deploy).exits(0);
    let state = ["--state", "machinist-state.staging.json"];
    let wrong = "`machinist-state.staging.json` is the state of the environment `staging`, and \
                 this is the environment `prod`";
    for command in [
        &["plan", "-q", "--binary", "a.wasm"][..],
        &deploy,
        &["scale", "-q", "a", "max_concurrency=2"],
        &["apps", "-q"],
        &["destroy", "-yq", "a"],
        &["mv", "-q", "a", "b"],
    ] {
        let answer = project
            .run(&[command, &["--env", "prod"], &state].concat())
            .exits(1);
        assert!(answer.stderr.contains(wrong), "{command:?}: {answer:?}");
    }
    project
        .run(&["apps", "-q", "--env", "prod", "--state", "machinist-state.json"])
        .exits(1)
        .says(
            "error: `machinist-state.json` is the state of no environment, and this is the \
             environment `prod`\nhelp: leave out `--env`, or give the environment a state of its own",
        );
}

#[test]
fn a_killed_first_deploy_leaves_the_state_of_its_environment() {
    let project = on("skypilot", TWO);
    project.with_tool("sky", "#!/bin/sh\nkill -9 $PPID\nsleep 1\n");
    let mut deploy = project.command(&["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"]);
    assert_eq!(answer(&mut deploy).code, None);
    project.with_tool("sky", RECORDER);
    project
        .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"])
        .exits(0);
    let state: Value = serde_json::from_str(&project.read("machinist-state.prod.json")).unwrap();
    assert_eq!(state["environment"], "prod");
}

#[test]
fn an_unknown_environment_is_an_error_with_the_nearest() {
    project(TWO).run(&["plan", "--env", "prd"]).exits(1).says(
        "error: unknown environment `prd`\nhelp: an environment with a similar name exists: `prod`\n\
         note: environments are prod, staging",
    );
    project("").run(&["apps", "--env", "prod"]).exits(1).says(
        "error: unknown environment `prod`\nhelp: the settings have no environment: write \
         `[workspace.metadata.machinist.env.NAME]` with what is different there",
    );
    let project = project(TWO);
    let mut by_variable = project.command(&["manifest"]);
    let said = answer(by_variable.env("MACHINIST_ENV", "prd")).exits(1);
    assert!(
        said.stderr.contains("unknown environment `prd`"),
        "{said:?}"
    );
}

#[test]
fn mistakes_in_an_environment_are_errors_whichever_is_chosen() {
    let scaling_keys = "scaling parameters are keep_alive, min_concurrency, max_concurrency, \
                        concurrency_buffer, concurrency_buffer_perc, scaling_delay, \
                        request_timeout, request_start_timeout, regions";
    for (settings, expected) in [
        ("env = 1", "`Cargo.toml:6:7`: `env` takes a table".to_owned()),
        (
            "env.Prod = {}",
            "`Cargo.toml:6:5`: invalid name of an environment: `Prod`\nhelp: a name has lowercase \
             letters, digits and dashes, such as `prod`"
                .into(),
        ),
        (
            "env.RUST_LOG = \"info\"",
            "`Cargo.toml:6:5`: invalid name of an environment: `RUST_LOG`\nhelp: a name has \
             lowercase letters, digits and dashes, such as `prod`"
                .into(),
        ),
        (
            "env.prod = \"info\"",
            "`Cargo.toml:6:12`: `env.prod` takes a table\nhelp: write `[….env.prod]`, and what is \
             different in the environment below it\nnote: `env` here has environments; an app's \
             environment variables stand in `[….apps.NAME]`"
                .into(),
        ),
        (
            "env.prod.target = \"fall\"",
            "`Cargo.toml:6:19`: unknown target `fall`\nhelp: a target with a similar name exists: \
             `fal`\nnote: targets are file, fal, knative, skypilot, dstack"
                .into(),
        ),
        (
            "env.prod.knative.contxt = \"x\"",
            "`Cargo.toml:6:18`: unknown key `contxt`\nhelp: a key with a similar name exists: \
             `context`\nnote: keys are context, namespace, service_account, gpu_label, \
             node_labels, regions, secrets, tolerations"
                .into(),
        ),
        (
            "env.prod.apps.a.scaling.keep_alive = \"5 min\"",
            "`Cargo.toml:6:38`: `keep_alive` takes a duration in `s`, `m` or `h`, not `5 min`\n\
             help: write `keep_alive = \"5m\"`"
                .into(),
        ),
        (
            "env.prod.apps.a.scaling.keepalive = 5",
            format!(
                "`Cargo.toml:6:25`: unknown scaling parameter `keepalive`\nhelp: a scaling \
                 parameter with a similar name exists: `keep_alive`\nnote: {scaling_keys}"
            ),
        ),
        (
            "env.prod.apps.a.scaling.gpus = 2",
            "`Cargo.toml:6:25`: `gpus` is a code parameter: the code alone sets it\nhelp: choose \
             between values with `cfg_attr` in the code, and `features` of the environment"
                .into(),
        ),
        (
            "apps.a.scaling.keep_alive = 5",
            "`Cargo.toml:6:1`: `apps.a.scaling` is of no environment\nhelp: write it into the code, \
             as `scaling(..)` of the attribute, or for one environment as \
             `env.NAME.apps.a.scaling`"
                .into(),
        ),
    ] {
        let project = project(&format!("[package.metadata.machinist]\n{settings}"));
        for environment in [&[][..], &["--env", "other"]] {
            let said = project.run(&[&["apps", "-q"], environment].concat()).exits(1);
            let said = said.stderr.trim_start_matches("error: ").trim_end();
            // Where a dotted key is not a value, TOML places it at its first key or at its last.
            assert_eq!(without_column(said), without_column(&expected), "{settings}");
        }
    }
}

fn without_column(text: &str) -> String {
    let (place, rest) = text.split_once("`: ").unwrap();
    format!("{} {rest}", place.rsplit_once(':').unwrap().0)
}

#[test]
fn an_environment_gives_the_scaling_of_the_first_deploy() {
    let project = project(
        "[package.metadata.machinist.env.prod]\n\
         apps.a.scaling = { max_concurrency = 8, min_concurrency = 2 }\n",
    );
    let deploy = ["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"];
    let scaling = || {
        let apps = project
            .run(&["apps", "--env", "prod", "--format", "json"])
            .exits(0);
        apps.json()["apps"][0]["effective"]["scaling"].clone()
    };
    project.run(&deploy).exits(0);
    assert_eq!(
        scaling(),
        json!({"min_concurrency": 2, "max_concurrency": 8})
    );
    // What was tuned stays, and a reset brings the environment's value back.
    project
        .run(&["scale", "-q", "a", "max_concurrency=9", "--env", "prod"])
        .exits(0);
    project.run(&deploy).exits(0);
    assert_eq!(scaling()["max_concurrency"], 9);
    project
        .run(&[&deploy[..], &["--reset-scaling"]].concat())
        .exits(0);
    assert_eq!(scaling()["max_concurrency"], 8);
    // Elsewhere the code's value counts.
    project
        .run(&["deploy", "-yq", "--binary", "a.wasm"])
        .exits(0);
    let apps = project.run(&["apps", "--format", "json"]).exits(0).json();
    assert_eq!(
        apps["apps"][0]["effective"]["scaling"],
        json!({"max_concurrency": 4})
    );
}

#[test]
fn the_environments_scaling_and_the_codes_are_checked_together() {
    let project = project(
        "[package.metadata.machinist.env.prod]\napps.a.scaling = { min_concurrency = 5 }\n",
    );
    for command in ["plan", "deploy"] {
        project
            .run(&[command, "-q", "--binary", "a.wasm", "--env", "prod"])
            .exits(1)
            .says(
                "error: `Cargo.toml:6:18`: `min_concurrency` (5) exceeds `max_concurrency` (4)\n\
                 help: lower it, or write `max_concurrency = 5`",
            );
    }
}

#[test]
fn a_service_of_skypilot_has_the_environments_name() {
    let project = on("skypilot", TWO);
    let in_prod = ["--env", "prod"];
    let plan = ["plan", "-q", "--binary", "a.wasm"];
    let planned = project.run(&[&plan[..], &in_prod].concat()).exits(0).stdout;
    assert!(
        planned.ends_with("prod on skypilot, environment prod: 1 to create\n"),
        "{planned}"
    );
    let deploy = ["deploy", "-yq", "--binary", "a.wasm"];
    project.run(&[&deploy[..], &in_prod].concat()).exits(0);
    project.run(&deploy).exits(0);
    project
        .run(&[&["scale", "-q", "a", "max_concurrency=3"][..], &in_prod].concat())
        .exits(0);
    project
        .run(&[&["destroy", "-yq", "a"][..], &in_prod].concat())
        .exits(0);
    assert_eq!(
        changes(&project),
        [
            "sky serve up --yes --service-name a-prod service.yaml",
            "sky serve up --yes --service-name a service.yaml",
            "sky serve update --yes a-prod service.yaml",
            "sky serve down --yes a-prod",
        ]
    );
}

#[test]
fn a_workspace_or_a_project_takes_the_place_of_the_name() {
    let sky = on("skypilot", "env.prod.skypilot.workspace = \"live\"\n");
    sky.run(&["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"])
        .exits(0);
    assert_eq!(
        changes(&sky),
        ["sky serve up --config=active_workspace=live --yes --service-name a service.yaml"]
    );
    let dstack = on(
        "dstack",
        "env.prod.dstack.project = \"live\"\nenv.staging = {}\n",
    );
    dstack.write_services(&["app"], 1);
    for environment in ["prod", "staging"] {
        dstack
            .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", environment])
            .exits(0);
        dstack
            .run(&["destroy", "-yq", "app", "--env", environment])
            .exits(0);
    }
    assert_eq!(
        changes(&dstack),
        [
            "dstack apply --project=live --yes --detach -f service.dstack.yml",
            "dstack stop --project=live --yes app",
            "dstack apply --yes --detach -f service.dstack.yml",
            "dstack stop --yes app-staging",
        ]
    );
    // Another place is refused.
    sky.write(
        "Cargo.toml",
        &package(
            "p",
            "[package.metadata.machinist]\ntarget = \"skypilot\"\nimage = \"acme/a:v1\"\n\
             env.prod.skypilot.workspace = \"other\"\n",
        ),
    );
    let said = sky
        .run(&["plan", "-q", "--binary", "a.wasm", "--env", "prod"])
        .exits(1);
    let wrong = "the state describes skypilot at `workspace live`, and this is `workspace other`";
    assert!(said.stderr.contains(wrong), "{said:?}");
}

#[test]
fn environments_in_one_workspace_or_project_have_services_of_their_own() {
    let sky = on(
        "skypilot",
        "skypilot.workspace = \"team\"\nenv.prod = {}\nenv.staging = {}\n",
    );
    for environment in ["prod", "staging"] {
        let planned = sky
            .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", environment])
            .exits(0)
            .stdout;
        let place = format!("{environment} on skypilot, workspace team, environment {environment}");
        assert!(planned.contains(&place), "{planned}");
    }
    let up = "sky serve up --config=active_workspace=team --yes --service-name";
    assert_eq!(
        changes(&sky),
        [
            format!("{up} a-prod service.yaml"),
            format!("{up} a-staging service.yaml")
        ]
    );
    let dstack = on("dstack", "dstack.project = \"team\"\nenv.prod = {}\n");
    dstack.write_services(&["app"], 1);
    dstack
        .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"])
        .exits(0);
    dstack
        .run(&["destroy", "-yq", "app", "--env", "prod"])
        .exits(0);
    let stop = "dstack stop --project=team --yes app-prod";
    assert_eq!(changes(&dstack)[1], stop);
}

#[test]
fn fal_gets_the_environment_and_the_team() {
    let project = on(
        "fal",
        "env.staging.fal.team = \"acme\"\nenv.prod.fal = { env = \"main\" }\n",
    );
    for environment in ["staging", "prod"] {
        let env = ["--env", environment];
        project
            .run(&[&["deploy", "-yq", "--binary", "a.wasm"][..], &env].concat())
            .exits(0);
    }
    assert_eq!(
        project.take_calls(),
        [
            "fal apps list --output json --env staging --team acme",
            "fal deploy a --yes --env staging --team acme",
            "fal apps list --output json --env staging --team acme",
            "fal apps list --output json --env main",
            "fal deploy a --yes --env main",
            "fal apps list --output json --env main",
        ]
    );
    let state: Value = serde_json::from_str(&project.read("machinist-state.staging.json")).unwrap();
    assert_eq!(
        state["targets"]["fal"]["place"],
        "team acme, environment staging"
    );
}

#[test]
fn a_table_of_a_target_is_given_again_key_by_key() {
    let project = on(
        "knative",
        "knative = { namespace = \"dev\", regions = { us-west = \"w\" }, gpu_label = \"gpu\" }\n\
         env.prod.knative = { context = \"live\", namespace = \"models\" }\n",
    );
    let out = |environment: &[&str], folder: &str| {
        let render = [
            "render", "-q", "--binary", "a.wasm", "--format", "json", "-o", folder,
        ];
        let report = project
            .run(&[&render[..], environment].concat())
            .exits(0)
            .json();
        (
            report["commands"][0]["command"]
                .as_str()
                .unwrap()
                .to_owned(),
            project.read(&format!("{folder}/a/code.yaml")),
        )
    };
    let (command, service) = out(&["--env", "prod"], "prod");
    assert!(
        command.contains("--context=live --namespace=models"),
        "{command}"
    );
    assert!(service.contains("\"key\": \"gpu\""), "{service}");
    let (command, _) = out(&[], "dev");
    assert!(command.contains("kubectl --namespace=dev"), "{command}");
}

#[test]
fn an_environment_chooses_features_and_profile_of_the_build() {
    let variant = |feature: &str, app: &str| {
        format!(
            "#[cfg({feature})]\nmod of_{app} {{ {} }}\n",
            record_static(app, "p")
        )
    };
    let main = variant("feature = \"prod\"", "live")
        + &variant("not(feature = \"prod\")", "test")
        + "fn main() {}\n";
    let settings = "[features]\nprod = []\n[profile.fast]\ninherits = \"dev\"\n\
                    [package.metadata.machinist.env.prod]\nfeatures = [\"prod\"]\nprofile = \"fast\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("p", settings)),
        ("src/main.rs", &main),
    ]);
    let names = |args: &[&str]| {
        let manifest = project.run(args).exits(0).json();
        manifest["apps"][0]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(names(&["manifest", "-q"]), "test");
    assert_eq!(names(&["manifest", "-q", "--env", "prod"]), "live");
    assert!(project.path("target/fast/p").is_file());
    assert_eq!(
        names(&["plan", "-q", "--format", "json", "--env", "prod"]),
        "live"
    );
    // A flag for the profile wins.
    project
        .run(&["manifest", "-q", "--env", "prod", "--profile", "dev"])
        .exits(0);
    assert!(project.path("target/debug/p").is_file());
}

#[test]
fn advised_commands_are_about_the_same_environment() {
    let project = project(TWO);
    project
        .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"])
        .exits(0);
    project.write_binary(
        "a.wasm",
        &[payload(
            "b",
            "p",
            &json!({"machine_type": ["M"]}),
            &json!({}),
        )],
    );
    let said = project
        .run(&["plan", "-q", "--binary", "a.wasm", "--env", "prod"])
        .exits(0);
    assert!(
        said.stderr.contains("`cargo machinist mv a b --env prod`"),
        "{said:?}"
    );
}

/// A workspace with the packages `one` and `two`, and these settings of each.
fn two_packages(one: &str, two: &str) -> Project {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n",
        ),
        ("one/Cargo.toml", &package("one", one)),
        ("two/Cargo.toml", &package("two", two)),
        (
            "one/src/main.rs",
            &(record_static("first", "one") + "fn main() {}\n"),
        ),
        (
            "two/src/main.rs",
            &(record_static("second", "two") + "fn main() {}\n"),
        ),
    ]);
    for tool in ["fal", "sky", "dstack"] {
        project.with_tool(tool, RECORDER);
    }
    project
}

#[test]
fn two_packages_have_targets_states_and_limits_of_their_own() {
    let project = two_packages(
        "[package.metadata.machinist]\ntarget = \"fal\"\nstate = \"state.json\"\n\
         image = \"acme/one:v1\"\nrun_timeout = \"1h\"\n",
        "[package.metadata.machinist]\nstate = \"state.json\"\nrun_timeout = \"2h\"\n",
    );
    let plan = project.run(&["plan", "-q"]).exits(0).stdout;
    assert!(
        plan.contains("fal, environment main: 1 to create"),
        "{plan}"
    );
    assert!(plan.contains("file: 1 to create"), "{plan}");
    let report = project
        .run(&["plan", "-q", "--format", "json"])
        .exits(0)
        .json();
    let planned = |i: usize| {
        (
            &report["destinations"][i]["target"],
            &report["destinations"][i]["apps"],
        )
    };
    let names: Vec<(&Value, &Value)> = (0..2)
        .map(planned)
        .map(|(target, apps)| (target, &apps[0]["name"]))
        .collect();
    assert_eq!(
        names,
        [
            (&json!("fal"), &json!("first")),
            (&json!("file"), &json!("second"))
        ]
    );

    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(changes(&project), ["fal deploy first --yes"]);
    assert!(project.path("one/state.json").is_file() && project.path("two/state.json").is_file());
    // Each app is found where it is.
    project
        .run(&["scale", "-q", "second", "max_concurrency=3"])
        .exits(0);
    assert!(
        project
            .read("two/state.json")
            .contains("\"max_concurrency\": 3")
    );
    let apps = project
        .run(&["apps", "--no-refresh", "--format", "json"])
        .exits(0)
        .json();
    let deployed = |i: usize| apps["destinations"][i]["apps"][0]["name"].clone();
    assert_eq!(
        [deployed(0), deployed(1)],
        [json!("first"), json!("second")]
    );
    project
        .run(&["destroy", "-q", "-y", "third"])
        .exits(1)
        .says("error: no app `third` is deployed\nhelp: deployed apps are first, second");
    // One of them alone, by its package or by its name.
    let one = project
        .run(&["plan", "-q", "-p", "one", "--no-refresh"])
        .exits(0)
        .stdout;
    assert_eq!(
        one,
        "fal, environment main: 1 unchanged, from a release build\n"
    );
    let two = project.run(&["plan", "-q", "second"]).exits(0).stdout;
    assert_eq!(two, "file: 1 unchanged\n");
    project.run(&["plan", "-q", "thrid"]).exits(1);
    // A flag wins over all settings.
    project
        .run(&[
            "deploy",
            "-yq",
            "--target",
            "file",
            "--state",
            "all.json",
            "--no-refresh",
        ])
        .exits(0);
    let state: Value = serde_json::from_str(&project.read("all.json")).unwrap();
    let apps = state["targets"]["file"]["apps"].as_object().unwrap();
    assert_eq!(apps.keys().collect::<Vec<_>>(), ["first", "second"]);
}

#[test]
fn packages_with_one_state_do_not_delete_each_others_apps() {
    let timeout =
        |hours: u32| format!("[package.metadata.machinist]\nrun_timeout = \"{hours}h\"\n");
    let project = two_packages(&timeout(1), &timeout(2));
    for _ in 0..2 {
        project.run(&["deploy", "-yq", "--prune"]).exits(0).says("");
    }
    let state: Value = serde_json::from_str(&project.read("machinist-state.json")).unwrap();
    let apps = state["targets"]["file"]["apps"].as_object().unwrap();
    assert_eq!(apps.keys().collect::<Vec<_>>(), ["first", "second"]);
    let effective = project.read("machinist-effective.json");
    assert!(
        effective.contains("first") && effective.contains("second"),
        "{effective}"
    );
}

#[test]
fn packages_with_one_state_have_each_their_own_apps() {
    let timeout =
        |hours: u32| format!("[package.metadata.machinist]\nrun_timeout = \"{hours}h\"\n");
    let project = two_packages(&timeout(1), &timeout(2));
    project
        .run(&["destroy", "-yq", "first"])
        .exits(1)
        .says("error: no app `first` is deployed\nhelp: deploy it with `cargo machinist deploy`");
    project.run(&["deploy", "-yq"]).exits(0);
    project
        .run(&["scale", "-q", "second", "max_concurrency=3"])
        .exits(0)
        .says("");
    let shown = |args: &[&str], key: &str| -> Vec<Value> {
        let report = project.run(args).exits(0).json();
        let all = report["destinations"].as_array().unwrap().iter();
        all.map(|one| one[key].clone()).collect()
    };
    let apps = shown(&["apps", "-q", "--json"], "apps");
    let names: Vec<Vec<&Value>> = apps
        .iter()
        .map(|apps| apps.as_array().unwrap().iter().map(|app| &app["name"]))
        .map(Iterator::collect)
        .collect();
    assert_eq!(names, [[&json!("first")], [&json!("second")]]);
    let counts = shown(&["plan", "-q", "--drift-only", "--json"], "deployed_apps");
    assert_eq!(counts, [json!(1), json!(1)]);
    for app in ["first", "second"] {
        let drift = project.run(&["plan", "-q", "--drift-only", app]).exits(0);
        assert_eq!(drift.stdout, "file: no drift of 1 deployed app\n");
        project.run(&["destroy", "-yq", app]).exits(0);
    }
}

#[test]
fn settings_for_an_app_of_another_package_are_a_warning() {
    let project = two_packages(
        "[package.metadata.machinist.apps.second]\nauth = \"public\"\n",
        "",
    );
    project.run(&["plan", "-q"]).exits(0).says(
        "warning: the settings of the package `one` name the app `second` of the package `two`, \
         and do not count for it\n\
         help: write them into the settings of `two`, or of the workspace",
    );
    let own = "[package.metadata.machinist.apps.second]\nauth = \"public\"\n";
    let project = two_packages("", own);
    project.run(&["plan", "-q"]).exits(0).says("");
}

#[test]
fn an_app_that_is_handed_over_between_packages_with_one_state_is_not_deleted() {
    let timeout =
        |hours: u32| format!("[package.metadata.machinist]\nrun_timeout = \"{hours}h\"\n");
    let project = two_packages(&timeout(1), &timeout(2));
    project.run(&["deploy", "-yq"]).exits(0);
    let third = record_static("third", "one");
    project.write("one/src/main.rs", &(third + "fn main() {}\n"));
    let both = record_static("first", "two") + &record_static("second", "two");
    project.write("two/src/main.rs", &(both + "fn main() {}\n"));
    let plan = project.run(&["plan", "-q", "--prune"]).exits(1);
    assert!(!plan.stdout.contains("delete"), "{plan:#?}");
    assert!(!plan.stderr.contains("rename"), "{plan:#?}");
    project
        .run(&["deploy", "-yq", "--prune", "--adopt", "first"])
        .exits(0);
    let state: Value = serde_json::from_str(&project.read("machinist-state.json")).unwrap();
    let apps = &state["targets"]["file"]["apps"];
    assert_eq!(apps["first"]["package"], "two");
    assert_eq!(apps["first"]["history"].as_array().unwrap().len(), 2);
    assert_eq!(apps["third"]["package"], "one");
}

#[test]
fn packages_with_one_state_go_to_one_place() {
    let team = |name: &str| {
        format!(
            "[package.metadata.machinist]\ntarget = \"fal\"\nimage = \"acme/a:v1\"\n\
             fal.team = \"{name}\"\n"
        )
    };
    let project = two_packages(&team("x"), &team("y"));
    for command in [&["plan", "-q"][..], &["deploy", "-yq"]] {
        project.run(command).exits(1).says(
            "error: `machinist-state.json` is the state of one place of fal, and packages go to \
             `team x, environment main` and to `team y, environment main`\n\
             help: give the packages states of their own, by `state` in their settings",
        );
    }
    assert!(!project.path("machinist-state.json").exists());
    project.run(&["deploy", "-yq", "-p", "one"]).exits(0);
}

#[test]
fn doctor_checks_each_app_where_it_goes() {
    let project = two_packages(
        "[package.metadata.machinist]\ntarget = \"fal\"\n",
        "[package.metadata.machinist]\ntarget = \"dstack\"\nimage = \"debian:13\"\n",
    );
    project.run(&["manifest", "-q", "--workspace"]).exits(0);
    let report = project.run(&["doctor", "--offline", "--json"]).json();
    let checks = report["checks"].as_array().unwrap().iter();
    let of_processors = checks.clone().filter_map(|check| {
        let subject = check["subject"].as_str().unwrap();
        subject.strip_prefix("processor of ")
    });
    assert_eq!(of_processors.collect::<Vec<_>>(), ["first", "second"]);
    assert!(!report.to_string().contains("image of first"), "{report:#}");
}

#[test]
fn the_table_of_another_target_does_not_matter() {
    let context =
        |name: &str| format!("[package.metadata.machinist.knative]\ncontext = \"{name}\"\n");
    let project = two_packages(&context("a"), &context("b"));
    let plan = project.run(&["plan", "-q"]).exits(0).stdout;
    assert!(plan.ends_with("file: 2 to create\n"), "{plan}");
}

#[test]
fn a_clone_does_not_deploy_an_old_state_of_an_environment() {
    let project = project(TWO);
    let folder = project.path("");
    git(&folder, &["init", "-q", "-b", "main"]);
    fs::write(folder.join(".gitignore"), "target\na.wasm\nbin\n").unwrap();
    let deploy = ["deploy", "-yq", "--binary", "a.wasm", "--env", "prod"];
    project.run(&deploy).exits(0);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "one"]);
    project
        .run(&["scale", "-q", "a", "max_concurrency=9", "--env", "prod"])
        .exits(0);
    git(
        &folder,
        &["checkout", "-q", "--", "machinist-state.prod.json"],
    );
    let said = project.run(&deploy).exits(1);
    assert!(
        said.stderr.contains("`machinist-state.prod.json` is old"),
        "{said:?}"
    );
}

#[test]
fn a_kept_plan_knows_its_environment() {
    let project = project(TWO);
    let with_binary = ["-q", "--binary", "a.wasm"];
    let plan = ["plan", "--env", "prod", "-o", "plan.json"];
    project.run(&[&plan[..], &with_binary].concat()).exits(0);
    let deploy = ["deploy", "plan.json"];
    project
        .run(&[&deploy[..], &["--env", "staging"], &with_binary].concat())
        .exits(1)
        .says(
            "error: `--env staging` contradicts the plan `plan.json`\nhelp: leave it out, or make \
             another plan with `cargo machinist plan -o FILE --env staging`\nnote: it was made for \
             `prod`",
        );
    let mut by_variable = project.command(&[&deploy[..], &with_binary].concat());
    let refused = answer(by_variable.env("MACHINIST_ENV", "staging")).exits(1);
    let message = "error: `MACHINIST_ENV=staging` contradicts the plan `plan.json`\n";
    assert!(refused.stderr.starts_with(message), "{refused:#?}");
    project.run(&[&deploy[..], &with_binary].concat()).exits(0);
    assert!(project.path("machinist-state.prod.json").is_file());
    assert!(!project.path("machinist-state.json").exists());
    // Another plan is made for the same environment.
    let refused = project.run(&[&deploy[..], &with_binary].concat()).exits(1);
    let advice = "`cargo machinist plan -o plan.json --env prod`";
    assert!(refused.stderr.contains(advice), "{refused:#?}");
}

#[test]
fn a_kept_plan_is_for_one_place() {
    let project = two_packages(
        "[package.metadata.machinist]\nstate = \"one.json\"\n",
        "[package.metadata.machinist]\nstate = \"two.json\"\n",
    );
    project
        .run(&["plan", "-q", "-o", "plan.json"])
        .exits(1)
        .says(
            "error: a kept plan is for one place, and these apps go to 2\n\
         help: select packages that go to one of them with `-p`",
        );
    project
        .run(&["plan", "-q", "-o", "plan.json", "-p", "two"])
        .exits(0);
    project
        .run(&["deploy", "-q", "plan.json", "-p", "two"])
        .exits(0);
    assert!(project.path("two/two.json").is_file());
}

#[test]
fn each_environment_has_its_own_ref_of_git() {
    let project = project(&format!(
        "[package.metadata.machinist]\nstate = \"git\"\n{TWO}"
    ));
    let folder = project.path("");
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["init", "-q", "--bare", "remote.git"]);
    git(&folder, &["remote", "add", "origin", "remote.git"]);
    for environment in ["staging", "prod"] {
        project
            .run(&["deploy", "-yq", "--binary", "a.wasm", "--env", environment])
            .exits(0);
    }
    project
        .run(&["scale", "-q", "a", "max_concurrency=9", "--env", "prod"])
        .exits(0);
    let refs = git(&folder, &["ls-remote", "origin"]);
    let names: Vec<&str> = refs
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(names, ["refs/machinist/prod", "refs/machinist/staging"]);
    let most = |environment: &str| {
        let state = project
            .run(&["state", "show", "--env", environment])
            .exits(0)
            .json();
        assert_eq!(state["environment"], environment);
        let app = state["targets"]["file"]["apps"]["a"].clone();
        app["overrides"]["max_concurrency"].clone()
    };
    assert_eq!((most("staging"), most("prod")), (Value::Null, json!(9)));
    // Between a file and git it keeps its environment.
    project
        .run(&["state", "pull", "-q", "--env", "prod"])
        .exits(0);
    let said = project
        .run(&[
            "state",
            "push",
            "-q",
            "machinist-state.prod.json",
            "--env",
            "staging",
        ])
        .exits(1);
    assert!(
        said.stderr
            .contains("is the state of the environment `prod`"),
        "{said:?}"
    );
}

#[test]
fn the_doctor_says_which_place_its_checks_are_of() {
    let project = two_packages(
        "[package.metadata.machinist]\nstate = \"one.json\"\n",
        "[package.metadata.machinist]\nstate = \"two.json\"\n",
    );
    let said = project.run(&["doctor", "--offline"]).exits(0).stdout;
    let places: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("deploys to"))
        .collect();
    assert_eq!(
        places,
        [
            "ok      deploys to: file (`one/one.json`)",
            "ok      deploys to: file (`two/two.json`)",
        ]
    );
}

#[test]
fn several_apps_are_deleted_by_one_command_or_none_is() {
    let project = on("skypilot", TWO);
    project.write_services(&["a", "b", "c"], 1);
    let env = ["--env", "prod"];
    project
        .run(&[&["deploy", "-yq", "--binary", "a.wasm"][..], &env].concat())
        .exits(0);
    project.take_calls();
    let destroy = |apps: &[&str]| project.run(&[&["destroy", "-yq"], apps, &env].concat());
    destroy(&["a", "x"]).exits(1);
    assert!(project.take_calls().is_empty());
    destroy(&["c", "a", "c"]).exits(0);
    assert_eq!(
        project.take_calls(),
        ["sky serve down --yes a-prod", "sky serve down --yes c-prod"]
    );
    let apps = project
        .run(&[&["apps", "--json"][..], &env].concat())
        .exits(0)
        .json();
    let names: Vec<&Value> = apps["apps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|app| &app["name"])
        .collect();
    assert_eq!(names, [&json!("b")]);
}
