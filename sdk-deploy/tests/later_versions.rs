//! A later version of machinist may have more parameters. This version keeps their keys and values
//! in all that it reads and writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;

use machinist_core::attribute;
use machinist_core::parameter::Key;
use machinist_core::setting::Setting;
use machinist_deploy::{
    Action, AppSet, Change, Contents, DeployStamp, Deployed, FILE, Live, LiveApp, Manifest,
    Options, ParameterName, Plan, Project, State, What, Why, plan, rollback, target,
};
use serde_json::{Value, json};

/// A manifest with a code parameter and a scaling parameter of a later version.
fn manifest(colour: &Value, patience: &Value) -> Manifest {
    let manifest = json!({"manifest_version": 1, "apps": [{
        "name": "llm",
        "package": "studio",
        "version": "9.0.0",
        "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
        "code": {"machine_type": ["GPU-H100"], "gpus": 2, "colour": colour},
        "scaling": {"keep_alive": 300, "patience": patience},
    }]});
    let manifest = Manifest::parse(&manifest.to_string()).unwrap();
    assert_eq!(Manifest::parse(&manifest.to_json()).unwrap(), manifest);
    manifest
}

/// What is deployed after this manifest, by way of a written state.
fn deployed(before: &Deployed, manifest: &Manifest, serial: u64) -> Deployed {
    let stamp = DeployStamp {
        serial,
        ..DeployStamp::default()
    };
    written(before.after(&plan(manifest, before, &Options::default()), &stamp))
}

/// What is deployed, after its state was written and read again.
fn written(deployed: Deployed) -> Deployed {
    let text = State::new().with(FILE, deployed).to_json();
    State::parse(&text).unwrap().deployed_to(FILE)
}

/// The app of this state as JSON.
fn app(deployed: &Deployed) -> Value {
    serde_json::to_value(&deployed.apps["llm"]).unwrap()
}

/// The file of the target `file`.
fn effective(plan: &Plan, after: &Deployed) -> Value {
    let target = target(FILE, Project::default()).unwrap();
    let rendering = target.deploy(plan, after).unwrap();
    let Contents::Text(text) = &rendering.files[0].contents else {
        panic!("{rendering:?}");
    };
    serde_json::from_str(text).unwrap()
}

/// A state in which a later version tuned the scaling parameter, and saw drift of the code parameter.
fn tuned_by_a_later_version() -> Deployed {
    let deployed = deployed(&Deployed::default(), &manifest(&json!("red"), &json!(1)), 1);
    let mut app = app(&deployed);
    app["overrides"] = json!({"patience": {"at_most": 9}, "keep_alive": 60});
    app["drift"] = json!({"colour": "blue"});
    let state = json!({"apps": {"llm": app}});
    written(serde_json::from_value(state).unwrap())
}

fn later(key: &str) -> ParameterName {
    ParameterName::Later(key.into())
}

#[test]
fn parameters_of_the_code_go_from_the_manifest_into_plan_state_and_file() {
    let before = Deployed::default();
    let (red, one) = (json!("red"), json!(1));
    let first = manifest(&red, &one);
    let plan_of_it = plan(&first, &before, &Options::default());
    let announced = serde_json::to_value(&plan_of_it.apps[0].effective).unwrap();
    assert_eq!(announced["code"]["colour"], red);
    assert_eq!(announced["scaling"]["patience"], one);

    let after = deployed(&before, &first, 1);
    let state = app(&after);
    assert_eq!(state["code"]["colour"], red);
    assert_eq!(state["scaling"]["patience"], one);
    assert_eq!(state["history"][0]["code"]["colour"], red);
    assert_eq!(state["history"][0]["scaling"]["patience"], one);
    let file = effective(&plan_of_it, &after);
    assert_eq!(file["apps"][0]["code"]["colour"], red);
    assert_eq!(file["apps"][0]["scaling"]["patience"], one);

    let again = plan(&first, &after, &Options::default());
    assert_eq!(again.apps[0].action, Action::Unchanged);
}

#[test]
fn a_changed_value_is_a_change_and_a_rollback_restores_it() {
    let first = manifest(&json!("red"), &json!(1));
    let second = manifest(&json!(["blue"]), &json!(null));
    let after_first = deployed(&Deployed::default(), &first, 1);
    let change = |parameter, from, to, why| Change {
        what: What::Parameter(later(parameter)),
        from: Some(from),
        to: Some(to),
        why,
    };
    let changes = &plan(&second, &after_first, &Options::default()).apps[0].changes;
    let expected = [
        change("colour", json!("red"), json!(["blue"]), Why::Code),
        change("patience", json!(1), json!(null), Why::Code),
    ];
    assert_eq!(changes[..], expected);

    let mut after_second = deployed(&after_first, &second, 2);
    assert_eq!(app(&after_second)["scaling"]["patience"], json!(null));
    let state = &after_second.apps["llm"];
    let back = rollback("llm", state, state.earlier(None).unwrap(), true);
    after_second.settle(&back, &DeployStamp::default());
    let restored = app(&written(after_second));
    assert_eq!(restored["code"], app(&after_first)["code"]);
    assert_eq!(restored["scaling"], app(&after_first)["scaling"]);
}

#[test]
fn a_tuned_value_stays_through_deploys_and_tuning() {
    let before = tuned_by_a_later_version();
    let tuned = json!({"at_most": 9});
    let next = manifest(&json!("red"), &json!(2));
    let plan_of_it = plan(&next, &before, &Options::default());
    let kept = plan_of_it.apps[0].tuned.iter();
    let kept = kept.map(|kept| (&kept.parameter, &kept.value, kept.code.as_ref()));
    let kept: Vec<_> = kept.collect();
    assert_eq!(
        kept[0],
        (
            &ParameterName::Known(Key::KeepAlive),
            &json!(60),
            Some(&json!(300))
        )
    );
    assert_eq!(kept[1], (&later("patience"), &tuned, Some(&json!(2))));

    let mut after = deployed(&before, &next, 2);
    assert_eq!(app(&after)["scaling"]["patience"], json!(2));
    assert_eq!(app(&after)["overrides"]["patience"], tuned);
    let file = effective(&plan_of_it, &after);
    assert_eq!(file["apps"][0]["scaling"]["patience"], tuned);

    let values = [("max_concurrency".to_owned(), attribute::Value::Integer(7))];
    let tuning = after.tune("llm", &values, &[]).unwrap();
    after.settle_tuning(&tuning, &DeployStamp::default());
    let overrides = &app(&written(after))["overrides"];
    assert_eq!(overrides["patience"], tuned);
    assert_eq!(overrides["max_concurrency"], json!(7));
}

#[test]
fn a_value_removed_by_tuning_stays_removed_until_a_reset() {
    let mut app_before = app(&tuned_by_a_later_version());
    app_before["overrides"]["patience"] = Value::Null;
    let state = json!({"apps": {"llm": app_before}});
    let before = written(serde_json::from_value(state).unwrap());
    let manifest = manifest(&json!("red"), &json!(1));
    let after = deployed(&before, &manifest, 2);
    assert_eq!(app(&after)["overrides"].get("patience"), Some(&Value::Null));
    let scaling = serde_json::to_value(after.apps["llm"].effective_scaling()).unwrap();
    assert_eq!(scaling, json!({"keep_alive": 60}));

    let only = AppSet::Apps(BTreeSet::from(["llm".into()]));
    let reset = plan(
        &manifest,
        &after,
        &Options {
            reset_scaling: only,
            ..Options::default()
        },
    );
    let change = Change {
        what: What::Parameter(later("patience")),
        from: None,
        to: Some(json!(1)),
        why: Why::Reset,
    };
    assert!(reset.apps[0].changes.contains(&change), "{reset:?}");
    let after = after.after(&reset, &DeployStamp::default());
    assert!(after.apps["llm"].overrides.is_empty());
}

#[test]
fn a_platform_that_does_not_know_the_keys_leaves_them_alone() {
    let before = tuned_by_a_later_version();
    let live = LiveApp {
        parameters: [(Key::KeepAlive, Some(Setting::Number(90)))]
            .into_iter()
            .collect(),
        ..LiveApp::default()
    };
    let live = Live {
        apps: [("llm".into(), live)].into(),
    };
    let state = app(&written(before.refreshed(&live)));
    assert_eq!(state["code"]["colour"], json!("red"));
    assert_eq!(state["scaling"]["patience"], json!(1));
    assert_eq!(
        state["overrides"],
        json!({"keep_alive": 90, "patience": {"at_most": 9}})
    );
}

#[test]
fn drift_is_put_back() {
    let before = tuned_by_a_later_version();
    assert_eq!(app(&before)["drift"]["colour"], json!("blue"));
    let plan = plan(
        &manifest(&json!("red"), &json!(1)),
        &before,
        &Options::default(),
    );
    assert_eq!(
        plan.apps[0].changes[0].what,
        What::Parameter(later("colour"))
    );
    assert_eq!(plan.apps[0].changes[0].from, Some(json!("blue")));
    assert_eq!(plan.apps[0].changes[0].to, Some(json!("red")));
    assert_eq!(plan.apps[0].changes[0].why, Why::Drift);
}
