//! What an app is given by name: no target drops it in silence, the plan compares it, and what the
//! code requires must be there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use machinist_deploy::{
    Action, AppSet, AppSettings, Bindings, Change, Contents, Deploy, DeployStamp, Deployed, FILE,
    Manifest, Options, Plan, Project, Rendering, TARGETS, Unread, plan, rollback, target,
};
use serde_json::{Value, json};

const NAME: &str = "llm";

fn manifest(required: &[&str]) -> Manifest {
    let mut app = json!({
        "name": NAME, "package": "studio", "version": "0.1.0", "binaries": ["studio"],
        "source": {"file": "src/main.rs", "line": 1, "item": "Llm"},
        "code": {"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080},
    });
    if !required.is_empty() {
        app["requires"] = json!({"env": required});
    }
    Manifest::parse(&json!({"manifest_version": 1, "apps": [app]}).to_string()).unwrap()
}

fn bindings(json: Value) -> Bindings {
    serde_json::from_value(json).unwrap()
}

fn project(bindings: Bindings) -> Project {
    let settings = AppSettings {
        image: Some("ghcr.io/acme/llm:v1".into()),
        bindings,
        ..AppSettings::default()
    };
    Project {
        apps: [(NAME.into(), settings)].into(),
        state_file: "machinist-state.json".into(),
        ..Project::default()
    }
}

/// Plans and renders a deploy.
fn planned(
    to: &str,
    given: &Bindings,
    deployed: &Deployed,
    required: &[&str],
) -> (Plan, Rendering) {
    let mut plan = plan(&manifest(required), deployed, &Options::default());
    let after = deployed.after(&plan, &DeployStamp::default());
    let target = target(to, project(given.clone())).unwrap();
    let rendering = target.deploy(&plan, &after).unwrap();
    plan.add_rendering(&rendering, deployed);
    (plan, rendering)
}

/// What is deployed after a deploy.
fn deployed(to: &str, given: &Bindings, before: &Deployed) -> Deployed {
    let (plan, _) = planned(to, given, before, &[]);
    before.after(&plan, &DeployStamp::now(1, None))
}

/// The changes of a deploy, as `what: from -> to`.
fn changes(changes: &[Change]) -> Vec<String> {
    let text = |value: &Option<Value>| match value {
        Some(Value::String(text)) => text.clone(),
        _ => "-".into(),
    };
    let change = |change: &Change| {
        let (from, to) = (text(&change.from), text(&change.to));
        format!("{}: {from} -> {to}", change.what.as_str())
    };
    changes.iter().map(change).collect()
}

/// Pairs that differ in one thing, and a name that a warning about it has.
fn pairs() -> Vec<(Value, Value, &'static str)> {
    let none = json!({});
    let mut pairs = vec![
        (
            json!({"env": {"A": "1"}}),
            json!({"env": {"A": "2"}}),
            "`A`",
        ),
        (
            json!({"env": {"A": "1"}}),
            json!({"env": {"B": "1"}}),
            "`B`",
        ),
        (json!({"env": {"A": "1"}}), json!({"secrets": ["A"]}), "`A`"),
        (
            json!({"secrets": ["A"]}),
            json!({"secrets": ["A", "B"]}),
            "`B`",
        ),
        (
            json!({"volumes": {"/data": "data"}}),
            json!({"volumes": {"/data/a": "data"}}),
            "`data`",
        ),
        (
            json!({"volumes": {"/data": "data"}}),
            json!({"volumes": {"/data": "b"}}),
            "`b`",
        ),
    ];
    for (some, name) in [
        (json!({"env": {"A": ""}}), "`A`"),
        (json!({"secrets": ["A"]}), "`A`"),
        (json!({"volumes": {"/models": "models"}}), "`models`"),
        (json!({"volumes": {"/data/models": "data"}}), "`data`"),
        (
            json!({"registry_credentials": "ghcr"}),
            "`registry_credentials`",
        ),
    ] {
        pairs.push((none.clone(), some, name));
    }
    pairs
}

#[test]
fn no_target_drops_anything_in_silence() {
    for to in TARGETS {
        for (one, other, name) in pairs() {
            let render = |given: &Value| {
                let given = bindings(given.clone());
                planned(to, &given, &Deployed::default(), &[]).1
            };
            for (without, with) in [(&one, &other), (&other, &one)] {
                let (without, with) = (render(without), render(with));
                let mut warnings = without.warnings().chain(with.warnings());
                let is_told = warnings.any(|warning| warning.message.contains(name));
                assert!(
                    with.files != without.files || is_told,
                    "{to}: {one} {other}"
                );
            }
        }
    }
}

#[test]
fn a_change_of_these_alone_is_an_update_that_names_it() {
    let before = bindings(json!({
        "env": {"A": "1", "B": "x", "C": "same"}, "secrets": ["D", "E"], "volumes": {"/data": "data"},
    }));
    let after = bindings(json!({
        "env": {"A": "2", "C": "same", "F": "new"}, "secrets": ["D", "G"],
        "volumes": {"/data/new": "data"}, "registry_credentials": "ghcr",
    }));
    for to in TARGETS {
        let state = deployed(to, &before, &Deployed::default());
        let (unchanged, _) = planned(to, &before, &state, &[]);
        assert_eq!(unchanged.apps[0].action, Action::Unchanged, "{to}");
        let (plan, _) = planned(to, &after, &state, &[]);
        assert_eq!(plan.apps[0].action, Action::Update, "{to}");
        assert_eq!(
            changes(&plan.apps[0].changes),
            [
                "env: A=1, B=x -> A=2, F=new",
                "secrets: E -> G",
                "mounts: data at /data -> data at /data/new",
                "registry_credentials: - -> ghcr",
            ],
            "{to}"
        );
        // Nothing is given any more, and then something again.
        let (plan, _) = planned(to, &Bindings::default(), &state, &[]);
        assert_eq!(plan.apps[0].action, Action::Update, "{to}");
        let state = deployed(to, &Bindings::default(), &state);
        let (plan, _) = planned(to, &Bindings::default(), &state, &[]);
        assert_eq!(plan.apps[0].action, Action::Unchanged, "{to}");
        let (plan, _) = planned(to, &bindings(json!({"env": {"A": "1"}})), &state, &[]);
        assert_eq!(changes(&plan.apps[0].changes), ["env: - -> A=1"], "{to}");
    }
}

#[test]
fn a_rollback_brings_them_back() {
    let (one, two) = (
        bindings(json!({"env": {"A": "1"}, "secrets": ["S"]})),
        bindings(json!({"env": {"A": "2"}})),
    );
    for to in TARGETS.iter().filter(|to| **to != "fal") {
        let first = deployed(to, &one, &Deployed::default());
        let second = deployed(to, &two, &first);
        let state = &second.apps[NAME];
        let earlier: &Deploy = &state.history[1];
        let back = rollback(NAME, state, earlier, false);
        assert_eq!(
            changes(&back.changes),
            ["env: A=2 -> A=1", "secrets: - -> S"],
            "{to}"
        );
        let restored = Plan {
            apps: vec![back.clone()],
            ..Plan::default()
        };
        let after = second.after(&restored, &DeployStamp::default());
        // The settings are those of now.
        let target = target(to, project(two.clone())).unwrap();
        let rendering = target.roll_back(&back, earlier, &after).unwrap();
        let (_, expected) = planned(to, &one, &Deployed::default(), &[]);
        let texts = |rendering: &Rendering| -> Vec<String> {
            let files = rendering.files.iter();
            let texts = files.filter_map(|file| match &file.contents {
                Contents::Text(text) => Some(text.clone()),
                Contents::CopyOf(_) => None,
            });
            texts.collect()
        };
        assert_eq!(texts(&rendering), texts(&expected), "{to}");
    }
}

#[test]
fn on_file_a_rollback_to_nothing_is_one() {
    let first = deployed(FILE, &Bindings::default(), &Deployed::default());
    let second = deployed(FILE, &bindings(json!({"env": {"A": "1"}})), &first);
    let state = &second.apps[NAME];
    let back = rollback(NAME, state, &state.history[1], false);
    assert_eq!(changes(&back.changes), ["env: A=1 -> -"]);
}

#[test]
fn what_the_code_requires_must_be_given() {
    let check = |to: &str, given: Value| {
        let required = ["HF_TOKEN", "MODEL"];
        let (plan, _) = planned(to, &bindings(given), &Deployed::default(), &required);
        plan.check(&AppSet::Nothing, &Unread::default(), to)
    };
    for to in TARGETS {
        let all = json!({"secrets": ["HF_TOKEN"], "env": {"MODEL": "llama"}});
        assert_eq!(check(to, all), Ok(()));
        let problem = check(to, json!({})).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "`llm` requires the environment variables `HF_TOKEN` and `MODEL`, and the settings do \
             not give them\n\
             help: write `secrets = [\"HF_TOKEN\", \"MODEL\"]` in \
             `[workspace.metadata.machinist.apps.llm]`\n\
             note: a value that is not secret stands in `env` there: `env = { HF_TOKEN = \"...\" }`"
        );
        let problem = check(to, json!({"secrets": ["HF_TOKEN"]})).unwrap_err();
        assert_eq!(
            problem.message,
            "`llm` requires the environment variable `MODEL`, and the settings do not give it"
        );
    }
}

/// The container of a Knative service, or a whole service of another platform.
fn service(to: &str, given: Value) -> Value {
    let (_, rendering) = planned(to, &bindings(given), &Deployed::default(), &[]);
    let Contents::Text(text) = &rendering.files[0].contents else {
        panic!("{:?}", rendering.files[0].path);
    };
    serde_json::from_str(text).unwrap()
}

#[test]
fn values_that_a_platform_would_replace_stay_as_they_are() {
    for (value, knative, dstack) in [
        ("a $B", "a $B", "A=a $B"),
        ("$(B)", "$$(B)", "A=$(B)"),
        ("$$(B)", "$$$$(B)", "A=$$$$(B)"),
        (
            "${{ secrets.B }}",
            "${{ secrets.B }}",
            "A=$${{ secrets.B }}",
        ),
    ] {
        let given = json!({"env": {"A": value}});
        let pod = &service("knative", given.clone())["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["env"][0]["value"], knative);
        assert_eq!(service("dstack", given.clone())["env"][0], dstack);
        assert_eq!(service("skypilot", given)["envs"]["A"], value);
    }
}

#[test]
fn each_platform_gets_them_in_its_own_form() {
    let given = json!({
        "env": {"A": "1"}, "secrets": ["S"], "volumes": {"/data": "models"},
        "registry_credentials": "ghcr",
    });
    let pod = &service("knative", given.clone())["spec"]["template"]["spec"];
    assert_eq!(
        pod["containers"][0]["env"],
        json!([
            {"name": "A", "value": "1"},
            {"name": "S", "valueFrom": {"secretKeyRef": {"name": NAME, "key": "S"}}},
        ])
    );
    assert_eq!(
        pod["containers"][0]["volumeMounts"],
        json!([{"name": "volume-0", "mountPath": "/data"}])
    );
    assert_eq!(
        pod["volumes"],
        json!([{"name": "volume-0", "persistentVolumeClaim": {"claimName": "models"}}])
    );
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "ghcr"}]));
    let dstack = service("dstack", given.clone());
    assert_eq!(dstack["env"], json!(["A=1", "S=${{ secrets.S }}"]));
    assert_eq!(
        dstack["volumes"],
        json!([{"name": "models", "path": "/data"}])
    );
    assert_eq!(
        dstack["registry_auth"],
        json!({
            "username": "${{ secrets.GHCR_USERNAME }}",
            "password": "${{ secrets.GHCR_PASSWORD }}",
        })
    );
    let sky = service("skypilot", given);
    assert_eq!(sky["envs"], json!({"A": "1"}));
    assert_eq!(sky["volumes"], json!({"/data": "models"}));
    let names: Vec<&String> = sky["secrets"].as_object().unwrap().keys().collect();
    let login = ["PASSWORD", "SERVER", "USERNAME"].map(|part| format!("SKYPILOT_DOCKER_{part}"));
    assert_eq!(names, ["S", &login[0], &login[1], &login[2]]);
    assert!(
        sky["secrets"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_null)
    );
}

#[test]
fn a_variable_that_knative_sets_itself_is_refused() {
    let plan = plan(&manifest(&[]), &Deployed::default(), &Options::default());
    let knative = target("knative", project(bindings(json!({"env": {"PORT": "1"}})))).unwrap();
    let problem = knative.deploy(&plan, &Deployed::default()).unwrap_err();
    assert!(problem.message.contains("`PORT`"), "{problem}");
    assert!(problem.help.unwrap().contains("`port = 8080`"));
}

#[test]
fn names_in_a_state_are_checked() {
    for wrong in [
        json!({"secrets": ["A;B"]}),
        json!({"secrets": ["--help"]}),
        json!({"env": {"": "x"}}),
        json!({"volumes": {"/../x": "v"}}),
        json!({"volumes": {"/data": "-v"}}),
        json!({"registry_credentials": "a b"}),
    ] {
        let state = json!({
            "state_version": 3, "lineage": "0", "serial": 1,
            "targets": {"skypilot": {"apps": {NAME: {
                "code": {"machine_type": ["GPU-H100"]}, "artifact": {"bindings": wrong},
            }}}},
        });
        let read = machinist_deploy::State::parse(&state.to_string());
        assert!(read.is_err(), "{wrong}");
    }
}
