use machinist_core::custom::CustomMachine;
use machinist_core::figure::Figures;
use serde_json::json;

use super::*;
use crate::change::{Change, Why};
use crate::rendering::Contents;

fn fal() -> Fal {
    let settings = AppSettings {
        image: Some("acme/llm:v1".into()),
        ..AppSettings::default()
    };
    Fal::new(Project {
        apps: [("llm".to_owned(), settings)].into(),
        ..Project::default()
    })
}

/// A plan of the app `llm` with these changes.
fn app(changes: Vec<Change>) -> AppPlan {
    let plan = json!({
        "manifest_version": 1, "apps": [{
            "name": "llm", "package": "llm", "version": "0.1.0",
            "source": {"file": "src/main.rs", "line": 1, "item": "main"},
            "code": {"machine_type": ["mine", "GPU-H100"], "gpus": 1}, "scaling": {"keep_alive": 5},
        }]
    });
    let manifest = crate::Manifest::parse(&plan.to_string()).unwrap();
    let plan = crate::plan(&manifest, &Deployed::default(), &crate::Options::default());
    AppPlan {
        action: Action::Update,
        changes,
        ..plan.apps[0].clone()
    }
}

fn commands(rendering: Result<Rendering, Problem>) -> Vec<String> {
    let steps = rendering.unwrap().steps.into_iter();
    steps.map(|step| step.command.to_string()).collect()
}

fn artifact(app: &AppPlan) -> Artifact {
    let plan = Plan {
        apps: vec![app.clone()],
        ..Plan::default()
    };
    let rendering = fal().deploy(&plan, &Deployed::default()).unwrap();
    rendering.apps["llm"].artifact.clone().unwrap()
}

#[test]
fn a_rollback_brings_back_who_may_call_the_app() {
    let to = |revision: &str| {
        let deploy = json!({"serial": 1, "time": "2026-11-25T00:00:00Z", "revision": revision,
                            "changes": [], "code": {}});
        serde_json::from_value::<Deploy>(deploy).unwrap()
    };
    let roll_back =
        |app: &AppPlan, revision: &str| fal().roll_back(app, &to(revision), &Deployed::default());
    assert_eq!(
        commands(roll_back(&app(Vec::new()), "r1")),
        ["fal apps set-rev llm r1"]
    );
    let public = Change::of_part(
        ArtifactPart::Auth,
        &Some("private".into()),
        &Some("public".into()),
        Why::RolledBack,
    );
    assert_eq!(
        commands(roll_back(&app(vec![public]), "r1")),
        ["fal apps set-rev llm r1 --auth public"]
    );
    // An odd name is one argument, and none becomes an option or disappears.
    assert_eq!(
        commands(roll_back(&app(Vec::new()), "r 1;'$x'")),
        [r"fal apps set-rev llm 'r 1;'\''$x'\'''"]
    );
    for revision in ["--auth=public", "-h", ""] {
        roll_back(&app(Vec::new()), revision).unwrap_err();
    }
}

#[test]
fn odd_values_are_one_argument_each() {
    let change = |key: &str| Change {
        what: key.to_owned().into(),
        from: None,
        to: None,
        why: Why::Tuned,
    };
    let mut app = app(vec![change("regions"), change("keep_alive")]);
    let scaling = &mut app.effective.as_mut().unwrap().scaling;
    scaling.insert(
        Key::Regions,
        Setting::List(vec!["us west".into(), "a$b".into()]),
    );
    assert_eq!(
        commands(fal().scale(&app, &Deployed::default())),
        ["fal apps scale llm --regions 'us west' 'a$b' --keep-alive 5"]
    );
}

#[test]
fn another_name_of_a_machine_type_is_a_change_of_what_is_sent() {
    let with_name = |name: &str| {
        let machine = CustomMachine {
            fal: Some(name.into()),
            ..CustomMachine::new("mine", Figures::NONE)
        };
        AppPlan {
            machines: vec![machine],
            ..app(Vec::new())
        }
    };
    let before = artifact(&with_name("GPU-X"));
    assert_eq!(before.machine_names.as_deref(), Some("mine = GPU-X"));
    let changes = before.changes(&artifact(&with_name("GPU-Y")));
    assert_eq!(
        changes,
        [Change::of_part(
            ArtifactPart::MachineNames,
            &Some("mine = GPU-X".into()),
            &Some("mine = GPU-Y".into()),
            Why::Code
        )]
    );
    assert_eq!(artifact(&app(Vec::new())).machine_names, None);
}

#[test]
fn without_a_setting_an_app_is_private_and_that_is_sent() {
    assert_eq!(artifact(&app(Vec::new())).auth.as_deref(), Some("private"));
    let plan = Plan {
        apps: vec![app(Vec::new())],
        ..Plan::default()
    };
    let rendering = fal().deploy(&plan, &Deployed::default()).unwrap();
    let Contents::Text(text) = &rendering.files[0].contents else {
        panic!("{:?}", rendering.files);
    };
    assert!(text.contains("\nauth = \"private\"\n"), "{text}");
}

#[test]
fn who_may_call_an_app_on_the_platform_is_compared_with_what_is_sent() {
    let changes = |deployed: Option<&str>, live: &str, sent: &str| {
        let artifact = |auth: &str| Artifact {
            auth: Some(auth.into()),
            ..Artifact::default()
        };
        let state = crate::AppState {
            artifact: deployed.map(artifact),
            live_auth: Some(live.into()),
            ..crate::AppState::default()
        };
        let changes = state.artifact_changes(&artifact(sent)).into_iter();
        let changes = changes.map(|change| {
            let text =
                |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
            let (from, to) = (text(change.from), text(change.to));
            let what = change.what.as_str().to_owned();
            (
                what,
                from.unwrap_or_default(),
                to.unwrap_or_default(),
                change.why,
            )
        });
        changes.collect::<Vec<_>>()
    };
    let auth = |from: &str, to: &str, why| ("auth".to_owned(), from.to_owned(), to.to_owned(), why);
    assert_eq!(changes(Some("private"), "private", "private"), []);
    assert_eq!(
        changes(Some("private"), "public", "private"),
        [auth("public", "private", Why::Drift)]
    );
    assert_eq!(
        changes(Some("private"), "public", "shared"),
        [auth("public", "shared", Why::Drift)]
    );
    assert_eq!(
        changes(Some("private"), "private", "public"),
        [auth("private", "public", Why::Code)]
    );
    assert_eq!(changes(Some("private"), "public", "public"), []);
    // Somebody else deployed it.
    let deployment = (
        "deployment".to_owned(),
        String::new(),
        String::new(),
        Why::Drift,
    );
    assert_eq!(
        changes(None, "public", "private"),
        [auth("public", "private", Why::Drift), deployment]
    );
}
