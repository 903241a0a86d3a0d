//! The rule of redeploy, as properties over random code, random tunings and random interference.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use machinist_core::attribute;
use machinist_core::parameter::Key;
use machinist_core::setting::Setting;
use machinist_deploy::{
    Action, App, AppSet, DeployStamp, Deployed, Live, LiveApp, MANIFEST_VERSION, Manifest, Options,
    Overrides, ParameterName, Parameters, Requirements, Source, State, Why, plan, rollback,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parameters(value: Value) -> Parameters {
    serde_json::from_value(value).unwrap()
}

/// These parameters as a platform reports them.
fn reported(parameters: &Parameters) -> Overrides {
    let reported = parameters.iter();
    reported
        .map(|(key, value)| (key, Some(value.clone())))
        .collect()
}

/// These parameters as they are written for tuning.
fn written(parameters: &Parameters) -> Vec<(String, attribute::Value)> {
    let written = parameters.iter();
    written
        .map(|(key, value)| (key.as_str().to_owned(), value.as_written()))
        .collect()
}

fn app(name: &str, code: Parameters, scaling: Parameters) -> App {
    App {
        name: name.into(),
        description: None,
        package: "studio".into(),
        version: "0.1.0".into(),
        binaries: vec!["studio".into()],
        source: Source {
            file: "src/main.rs".into(),
            line: 1,
            item: name.into(),
        },
        code,
        scaling,
        requires: Requirements::default(),
        machines: Vec::new(),
    }
}

fn manifest(apps: Vec<App>) -> Manifest {
    Manifest {
        manifest_version: MANIFEST_VERSION,
        apps,
    }
}

fn deployed(before: &Deployed, manifest: &Manifest, options: &Options) -> Deployed {
    before.after(&plan(manifest, before, options), &DeployStamp::default())
}

/// Tunes an app, or does nothing where that is refused.
fn tune(deployed: &mut Deployed, app: &str, values: &Parameters) {
    if let Ok(tuned) = deployed.tune(app, &written(values), &[]) {
        deployed.settle_tuning(&tuned, &DeployStamp::default());
    }
}

/// A platform that has all of this and tells all it has.
fn live(deployed: &Deployed) -> Live {
    let apps = deployed.apps.iter().filter(|(_, app)| app.is_deployed());
    let apps = apps.map(|(name, app)| {
        let mut parameters = reported(&app.code);
        let scaling = reported(&app.scaling);
        for (key, value) in scaling
            .iter()
            .chain(app.overrides.iter())
            .chain(app.drift.iter())
        {
            parameters.insert(key, value.clone());
        }
        (
            name.clone(),
            LiveApp {
                parameters,
                ..LiveApp::default()
            },
        )
    });
    Live {
        apps: apps.collect(),
    }
}

fn reset() -> Options {
    Options {
        reset_scaling: AppSet::Everything,
        ..Options::default()
    }
}

/// The code parameters of an app, `gpus` and the others set or not; `colour` is a later version's.
fn code() -> impl Strategy<Value = Parameters> {
    let machine = prop::sample::subsequence(vec!["GPU-H100", "GPU-H200", "GPU-B200"], 1..=3);
    let some = |range: std::ops::Range<u32>| prop::option::of(range);
    (machine, 1..=8u32, some(1..900), some(0..3)).prop_map(
        |(machine_type, gpus, startup, colour)| {
            let code = json!({"machine_type": machine_type, "gpus": gpus});
            with_numbers(code, [("startup_timeout", startup), ("colour", colour)])
        },
    )
}

/// Scaling parameters that are valid together with any others of these; `patience` is a later
/// version's.
fn scaling() -> impl Strategy<Value = Parameters> {
    let some = |range: std::ops::Range<u32>| prop::option::of(range);
    let values = (
        some(0..600),
        some(0..3),
        some(2..50),
        some(0..9),
        some(0..3),
    );
    values.prop_map(|(keep, min, max, buffer, patience)| {
        let numbers = [
            ("keep_alive", keep),
            ("min_concurrency", min),
            ("max_concurrency", max),
            ("concurrency_buffer", buffer),
            ("patience", patience),
        ];
        with_numbers(json!({}), numbers)
    })
}

/// These parameters with those of the numbers that there are.
fn with_numbers<const N: usize>(mut all: Value, numbers: [(&str, Option<u32>); N]) -> Parameters {
    for (key, number) in numbers {
        if let Some(number) = number {
            all[key] = number.into();
        }
    }
    parameters(all)
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn manifests() -> impl Strategy<Value = Manifest> {
    let apps = prop::sample::subsequence(NAMES.to_vec(), 0..=4);
    (apps, prop::collection::vec((code(), scaling()), 4)).prop_map(|(names, parameters)| {
        let apps = names.into_iter().zip(parameters);
        manifest(
            apps.map(|(name, (code, scaling))| app(name, code, scaling))
                .collect(),
        )
    })
}

/// Parameters that somebody may remove on the platform.
const REMOVED: [Key; 3] = [Key::StartupTimeout, Key::KeepAlive, Key::MaxConcurrency];

/// What can happen to what is deployed.
#[derive(Clone, Debug)]
enum Event {
    Deploy(Manifest, bool, bool),
    Tune(&'static str, Parameters),
    /// Somebody changes parameters in the platform's dashboard, of the code or of the scaling.
    Interfere(&'static str, Parameters),
    /// Somebody removes a parameter there.
    Unset(&'static str, Key),
    /// Somebody deletes the app there.
    Vanish(&'static str),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (manifests(), any::<bool>(), any::<bool>())
            .prop_map(|(manifest, reset, prune)| Event::Deploy(manifest, reset, prune)),
        (prop::sample::select(&NAMES), scaling())
            .prop_map(|(app, values)| Event::Tune(app, values)),
        (prop::sample::select(&NAMES), prop_oneof![code(), scaling()])
            .prop_map(|(app, values)| Event::Interfere(app, values)),
        (prop::sample::select(&NAMES), prop::sample::select(&REMOVED))
            .prop_map(|(app, key)| Event::Unset(app, key)),
        prop::sample::select(&NAMES).prop_map(Event::Vanish),
    ];
    prop::collection::vec(event, 0..8)
}

fn happened(events: &[Event]) -> Deployed {
    let mut state = Deployed::default();
    for event in events {
        match event {
            Event::Deploy(manifest, reset, prune) => {
                let reset_scaling = if *reset {
                    AppSet::Everything
                } else {
                    AppSet::Nothing
                };
                let options = Options {
                    reset_scaling,
                    prune: *prune,
                    ..Options::default()
                };
                state = deployed(&state, manifest, &options);
            }
            Event::Tune(app, values) => tune(&mut state, app, values),
            Event::Interfere(app, values) => {
                let mut live = live(&state);
                if let Some(app) = live.apps.get_mut(*app) {
                    for (key, value) in values.iter() {
                        app.parameters.insert(key, Some(value.clone()));
                    }
                }
                state = state.refreshed(&live);
            }
            Event::Unset(app, key) => {
                let mut live = live(&state);
                if let Some(app) = live.apps.get_mut(*app) {
                    app.parameters.insert(*key, None);
                }
                state = state.refreshed(&live);
            }
            Event::Vanish(app) => {
                let mut live = live(&state);
                live.apps.remove(*app);
                state = state.refreshed(&live);
            }
        }
    }
    state
}

proptest! {
    #[test]
    fn after_a_deploy_the_code_parameters_are_the_manifests(
        events in events(), manifest in manifests(),
    ) {
        let state = deployed(&happened(&events), &manifest, &Options::default());
        for app in &manifest.apps {
            prop_assert_eq!(&state.apps[&app.name].actual_code(), &app.code);
        }
    }

    #[test]
    fn a_tuned_value_survives_any_number_of_deploys(
        events in events(), deploys in prop::collection::vec(manifests(), 1..5), tuned in scaling(),
    ) {
        let mut state = happened(&events);
        let before = manifest(vec![app("a", parameters(json!({"machine_type": ["S"]})), Parameters::default())]);
        state = deployed(&state, &before, &reset());
        let tuning = state.tune("a", &written(&tuned), &[]).unwrap();
        state.settle_tuning(&tuning, &DeployStamp::default());
        for manifest in &deploys {
            state = deployed(&state, manifest, &Options::default());
            let effective = state.apps["a"].effective_scaling();
            for (key, value) in tuned.iter() {
                prop_assert_eq!(effective.get(key), Some(value));
            }
        }
    }

    #[test]
    fn a_reset_brings_the_codes_values_back(events in events(), manifest in manifests()) {
        let state = deployed(&happened(&events), &manifest, &reset());
        for app in &manifest.apps {
            prop_assert_eq!(&state.apps[&app.name].effective_scaling(), &app.scaling);
        }
    }

    #[test]
    fn a_reset_of_one_app_leaves_the_others_tuned(events in events(), manifest in manifests()) {
        let before = happened(&events);
        let only = AppSet::Apps(BTreeSet::from(["a".into()]));
        let state = deployed(&before, &manifest, &Options { reset_scaling: only, ..Options::default() });
        let is_known = |app: &&App| before.apps.get(&app.name).is_some_and(|app| app.is_deployed());
        for app in manifest.apps.iter().filter(is_known) {
            let expected = match &*app.name {
                "a" => Overrides::default(),
                name => before.apps[name].overrides.clone(),
            };
            prop_assert_eq!(&state.apps[&app.name].overrides, &expected);
        }
    }

    #[test]
    fn deploying_twice_changes_nothing_the_second_time(events in events(), manifest in manifests()) {
        let once = deployed(&happened(&events), &manifest, &Options::default());
        let again = plan(&manifest, &once, &Options::default());
        for app in &again.apps {
            prop_assert!(matches!(app.action, Action::Unchanged | Action::Orphaned), "{:?}", app);
            prop_assert!(app.changes.is_empty());
        }
        prop_assert_eq!(once.after(&again, &DeployStamp::default()), once);
    }

    #[test]
    fn the_order_of_apps_does_not_matter(events in events(), manifest in manifests()) {
        let state = happened(&events);
        let mut reversed = manifest.clone();
        reversed.apps.reverse();
        let options = Options::default();
        prop_assert_eq!(plan(&manifest, &state, &options), plan(&reversed, &state, &options));
    }

    #[test]
    fn nothing_is_deleted_without_prune_and_all_that_is_gone_with_it(
        events in events(), manifest in manifests(),
    ) {
        let state = happened(&events);
        let kept = deployed(&state, &manifest, &Options::default());
        prop_assert!(state.apps.keys().all(|name| kept.apps.contains_key(name)));
        let pruned = deployed(&state, &manifest, &Options { prune: true, ..Options::default() });
        let names: BTreeSet<&String> = manifest.apps.iter().map(|app| &app.name).collect();
        let there = pruned.apps.iter().filter(|(_, app)| app.is_deployed()).map(|(name, _)| name);
        prop_assert_eq!(there.collect::<BTreeSet<_>>(), names);
    }

    #[test]
    fn a_plan_carried_out_gives_what_it_announced(events in events(), manifest in manifests()) {
        let state = happened(&events);
        let plan = plan(&manifest, &state, &Options::default());
        let after = state.after(&plan, &DeployStamp::default());
        for app in &plan.apps {
            let is = &after.apps[&app.name];
            let effective = app.effective.clone().unwrap();
            prop_assert_eq!(is.actual_code(), effective.code);
            prop_assert_eq!(is.effective_scaling(), effective.scaling);
        }
    }

    #[test]
    fn the_changes_lead_from_what_was_to_what_is_announced(events in events(), manifest in manifests()) {
        let state = happened(&events);
        for app in plan(&manifest, &state, &Options::default()).apps {
            let before = state.apps.get(&app.name).cloned().unwrap_or_default();
            let mut all: BTreeMap<ParameterName, Value> = before.actual_code().json().collect();
            all.extend(before.effective_scaling().json());
            for change in app.changes {
                let parameter = change.what.parameter().unwrap();
                prop_assert_eq!(all.get(parameter), change.from.as_ref());
                prop_assert_ne!(&change.from, &change.to);
                match change.to {
                    Some(to) => all.insert(parameter.clone(), to),
                    None => all.remove(parameter),
                };
            }
            let effective = app.effective.unwrap_or_default();
            let announced = effective.code.json().chain(effective.scaling.json());
            prop_assert_eq!(all, announced.collect::<BTreeMap<_, _>>());
        }
    }

    #[test]
    fn a_state_is_read_as_it_is_written(events in events()) {
        let state = State::new().with("file", happened(&events));
        prop_assert_eq!(State::parse(&state.to_json()).unwrap(), state);
    }

    #[test]
    fn a_platform_that_has_what_was_deployed_changes_nothing(
        events in events(), manifest in manifests(),
    ) {
        let state = deployed(&happened(&events), &manifest, &Options::default());
        prop_assert_eq!(state.refreshed(&live(&state)), state);
    }

    #[test]
    fn an_app_that_the_state_does_not_know_keeps_what_is_tuned(
        there in manifests(), tuned in scaling(), manifest in manifests(),
    ) {
        let mut elsewhere = deployed(&Deployed::default(), &there, &Options::default());
        tune(&mut elsewhere, "a", &tuned);
        let live = live(&elsewhere);
        let found = Deployed::default().with_found(&live, &manifest);
        let after = deployed(&found, &manifest, &Options::default());
        for app in &manifest.apps {
            prop_assert_eq!(&after.apps[&app.name].actual_code(), &app.code);
            if let Some(live) = live.apps.get(&app.name) {
                let effective = after.apps[&app.name].effective_scaling();
                for (key, value) in live.parameters.iter() {
                    if !app.code.contains(key) && key != Key::StartupTimeout {
                        let default = key.parameter().platform_default.map(Setting::Number);
                        let is_default = default.is_some() && *value == default;
                        let has = effective.get(key);
                        prop_assert!(has == value.as_ref() || has.is_none() && is_default);
                    }
                }
            }
        }
    }

    #[test]
    fn apps_of_binaries_that_were_not_read_are_left_alone(
        events in events(), manifest in manifests(),
    ) {
        let before = happened(&events);
        let options = Options {
            prune: true,
            not_read: BTreeSet::from(["studio".into()]),
            ..Options::default()
        };
        let after = deployed(&before, &manifest, &options);
        for (name, app) in &before.apps {
            if !app.binaries.is_empty() && !manifest.apps.iter().any(|app| app.name == *name) {
                prop_assert_eq!(&after.apps[name], app);
            }
        }
    }

    #[test]
    fn a_rollback_brings_back_all_that_an_earlier_deploy_had(
        events in events(), first in manifests(), tuned in scaling(), second in manifests(),
    ) {
        let stamp = |serial| DeployStamp { serial, ..DeployStamp::default() };
        let mut then = happened(&events);
        tune(&mut then, "a", &tuned);
        let plan_then = plan(&first, &then, &Options::default());
        let then = then.after(&plan_then, &stamp(1_000));
        let plan_now = plan(&second, &then, &reset());
        let mut now = then.after(&plan_now, &stamp(1_001));
        for app in plan_then.apps.iter().filter(|app| app.action == Action::Create || app.action == Action::Update) {
            let state = &now.apps[&app.name];
            let Ok(deploy) = state.earlier(Some(1_000)) else { continue };
            let deploy = deploy.clone();
            // Without its scaling, what is tuned now is kept.
            let mut kept = now.clone();
            kept.settle(&rollback(&app.name, state, &deploy, false), &stamp(1_002));
            prop_assert_eq!(kept.apps[&app.name].actual_code(), then.apps[&app.name].actual_code());
            prop_assert_eq!(&kept.apps[&app.name].overrides, &state.overrides);
            let back = rollback(&app.name, state, &deploy, true);
            now.settle(&back, &stamp(1_002));
            prop_assert_eq!(now.apps[&app.name].actual_code(), then.apps[&app.name].actual_code());
            prop_assert_eq!(&now.apps[&app.name].scaling, &then.apps[&app.name].scaling);
            prop_assert_eq!(&now.apps[&app.name].overrides, &then.apps[&app.name].overrides);
        }
    }
}

fn h100() -> App {
    app(
        "llm",
        parameters(json!({"machine_type": ["GPU-H100"], "gpus": 2})),
        parameters(json!({"keep_alive": 300, "max_concurrency": 4})),
    )
}

#[test]
fn a_machine_type_changed_outside_the_code_is_drift_and_put_back() {
    let manifest = manifest(vec![h100()]);
    let mut state = deployed(&Deployed::default(), &manifest, &Options::default());
    // It tells the machine type, and not the number of GPUs.
    let parameters = parameters(json!({
        "machine_type": ["GPU-A100"], "keep_alive": 300, "max_concurrency": 4,
        "min_concurrency": 0, "startup_timeout": 600, "regions": [],
    }));
    let there = LiveApp {
        parameters: reported(&parameters),
        ..LiveApp::default()
    };
    state = state.refreshed(&Live {
        apps: [("llm".into(), there)].into(),
    });
    let plan = plan(&manifest, &state, &Options::default());
    let change = &plan.apps[0].changes[0];
    assert_eq!(
        (change.what.as_str(), change.why),
        ("machine_type", Why::Drift)
    );
    assert_eq!(change.from, Some(json!(["GPU-A100"])));
    assert_eq!(change.to, Some(json!(["GPU-H100"])));
    assert_eq!(plan.apps[0].changes.len(), 1);
}

#[test]
fn the_old_name_of_drift_in_a_history_is_read() {
    let mut state = saved();
    let app = state.targets.get_mut("file").unwrap().apps.get_mut("llm");
    app.unwrap().history[0].changes[0].why = Why::Drift;
    let text = state.to_json();
    assert!(text.contains("\"why\": \"drift\""), "{text}");
    let old = text.replace("\"drift\"", "\"put_back\"");
    assert_eq!(State::parse(&old).unwrap(), state);
}

#[test]
fn scaling_changed_on_the_platform_was_tuned_and_stays() {
    let manifest = manifest(vec![h100()]);
    let mut state = deployed(&Deployed::default(), &manifest, &Options::default());
    let mut there = live(&state);
    let there_now = &mut there.apps.get_mut("llm").unwrap().parameters;
    there_now.insert(Key::KeepAlive, Some(Setting::Number(600)));
    state = state.refreshed(&there);
    let plan = plan(&manifest, &state, &Options::default());
    assert_eq!(plan.apps[0].action, Action::Unchanged);
    let tuned = &plan.apps[0].tuned[0];
    assert_eq!(
        (tuned.parameter.as_str(), &tuned.value),
        ("keep_alive", &json!(600))
    );
    assert_eq!(tuned.code, Some(json!(300)));
}

#[test]
fn a_reset_says_so() {
    let manifest = manifest(vec![h100()]);
    let mut state = deployed(&Deployed::default(), &manifest, &Options::default());
    let ten_minutes = (
        "keep_alive".to_owned(),
        attribute::Value::Text("10m".into()),
    );
    let tuning = state.tune("llm", &[ten_minutes], &[]).unwrap();
    state.settle_tuning(&tuning, &DeployStamp::default());
    let plan = plan(&manifest, &state, &reset());
    let change = &plan.apps[0].changes[0];
    assert_eq!(
        (&change.from, &change.to),
        (&Some(json!(600)), &Some(json!(300)))
    );
    assert_eq!(change.why, Why::Reset);
}

#[test]
fn tuning_is_checked_by_the_rules_of_the_attribute() {
    let state = deployed(
        &Deployed::default(),
        &manifest(vec![h100()]),
        &Options::default(),
    );
    let refused = |app: &str, key: &str, value: attribute::Value| {
        let values = [(key.to_owned(), value)];
        state.tune(app, &values, &[]).unwrap_err().to_string()
    };
    let text = |text: &str| attribute::Value::Text(text.into());
    let integer = attribute::Value::Integer;
    assert!(refused("llm", "gpus", integer(4)).contains("every deploy applies the code's value"));
    assert!(
        refused("llm", "keep_alvie", integer(4))
            .contains("a scaling parameter with a similar name exists: `keep_alive`")
    );
    assert!(
        refused("llm", "keep_alive", text("5 minutes")).contains("write `keep_alive = \"5m\"`")
    );
    assert!(refused("llm", "regions", text("mars")).contains("unknown region `mars`"));
    assert!(
        refused("llm", "min_concurrency", integer(9)).contains("exceeds `max_concurrency` (4)")
    );
    assert!(
        refused("lmm", "keep_alive", integer(4))
            .contains("a deployed app with a similar name exists: `llm`")
    );
}

#[test]
fn the_history_keeps_the_last_deploys_that_changed_something() {
    let mut state = Deployed::default();
    for gpus in 1..=8u32 {
        for again in 0..2u32 {
            let mut app = h100();
            app.code.insert(Key::Gpus, Setting::Number(gpus));
            let plan = plan(&manifest(vec![app]), &state, &Options::default());
            let stamp = DeployStamp {
                serial: (2 * gpus + again).into(),
                time: gpus.to_string(),
                commit: Some("abc".into()),
                by: None,
            };
            state = state.after(&plan, &stamp);
        }
    }
    let history = &state.apps["llm"].history;
    assert_eq!(history.len(), 8);
    assert_eq!((history[0].serial, &*history[0].time), (16, "8"));
    assert_eq!(
        history[0].changes[0].what.parameter(),
        Some(&ParameterName::Known(Key::Gpus))
    );
    let earlier = state.apps["llm"].earlier(None).unwrap();
    assert_eq!(earlier.code.number(Key::Gpus), Some(7));
    let unknown = state.apps["llm"].earlier(Some(3)).unwrap_err().to_string();
    assert!(unknown.contains("no deploy with the serial 3") && unknown.contains("16 (8), 14 (7)"));
}

#[test]
fn many_tunings_push_no_deploy_out_of_the_history() {
    let manifest = manifest(vec![h100()]);
    let mut state = deployed(&Deployed::default(), &manifest, &Options::default());
    for keep_alive in 1..=150 {
        tune(
            &mut state,
            "llm",
            &parameters(json!({"keep_alive": keep_alive})),
        );
    }
    let app = &state.apps["llm"];
    assert!(app.history.len() < 120, "{}", app.history.len());
    assert_eq!(app.history.last().unwrap().code, app.code);
    assert!(app.earlier(Some(0)).is_ok());
}

/// The plan for an app that the platform has, with what it reports, and that the state does not have.
fn adopted(reported: Value) -> machinist_deploy::AppPlan {
    let manifest = manifest(vec![h100()]);
    let there = LiveApp {
        parameters: serde_json::from_value(reported).unwrap(),
        ..LiveApp::default()
    };
    let live = Live {
        apps: [("llm".into(), there)].into(),
    };
    let found = Deployed::default().with_found(&live, &manifest);
    let mut plan = plan(&manifest, &found, &Options::default());
    plan.apps.swap_remove(0)
}

#[test]
fn an_app_that_the_platform_has_is_not_created_even_if_it_reports_no_code_parameter() {
    for reported in [
        json!({}),
        json!({"keep_alive": 300, "max_concurrency": 4}),
        json!({"port": null, "startup_timeout": 600, "keep_alive": 300, "max_concurrency": 4}),
    ] {
        let app = adopted(reported);
        let changes = app.changes.iter();
        let changes: Vec<_> = changes
            .map(|change| (change.what.as_str(), change.why))
            .collect();
        // What it does not report is not known to be the same.
        let expected = [("machine_type", Why::Code), ("gpus", Why::Code)];
        assert_eq!((app.action, &*changes), (Action::Adopt, &expected[..]));
    }
}

#[test]
fn an_app_that_the_platform_has_is_changed_where_it_reports_something_else() {
    let app =
        adopted(json!({"machine_type": ["GPU-A100"], "keep_alive": 60, "max_concurrency": null}));
    assert_eq!(app.action, Action::Adopt);
    let changes: Vec<_> = app
        .changes
        .iter()
        .map(|change| (change.what.as_str(), &change.from))
        .collect();
    // The number of GPUs is not reported.
    let a100 = Some(json!(["GPU-A100"]));
    assert_eq!(changes, [("machine_type", &a100), ("gpus", &None)]);
    let tuned: Vec<_> = app
        .tuned
        .iter()
        .map(|tuned| (tuned.parameter.as_str(), &tuned.value))
        .collect();
    assert_eq!(
        tuned,
        [
            ("keep_alive", &json!(60)),
            ("max_concurrency", &Value::Null)
        ]
    );
    let scaling = app.effective.unwrap().scaling;
    assert_eq!(scaling, parameters(json!({"keep_alive": 60})));
}

#[test]
fn an_app_that_the_platform_lost_is_created_anew_and_keeps_its_history() {
    let manifest = manifest(vec![h100()]);
    let state = deployed(&Deployed::default(), &manifest, &Options::default());
    let state = state.refreshed(&Live::default());
    assert!(state.find("llm").is_err());
    let plan = plan(&manifest, &state, &Options::default());
    assert_eq!(plan.apps[0].action, Action::Create);
    assert_eq!(
        state.after(&plan, &DeployStamp::default()).apps["llm"]
            .history
            .len(),
        2
    );
}

fn saved() -> State {
    let deployed = deployed(
        &Deployed::default(),
        &manifest(vec![h100()]),
        &Options::default(),
    );
    State::new().with("file", deployed)
}

#[test]
fn a_damaged_state_says_where_and_a_newer_one_what_to_upgrade() {
    let damaged = saved().to_json().replace("\"serial\": 1,", "\"serial\": 1");
    let error = State::parse(&damaged).unwrap_err().to_string();
    assert!(error.contains("line 5 column"), "{error}");
    let newer = saved()
        .to_json()
        .replace("\"state_version\": 3", "\"state_version\": 4");
    let error = State::parse(&newer).unwrap_err();
    assert!(error.to_string().contains("version 4") && error.help().contains("cargo install"));
}

#[test]
fn a_state_with_a_name_that_could_be_an_option_or_a_path_is_refused() {
    for name in ["--all", "../../etc", ""] {
        let text = saved().to_json().replace("\"llm\"", &format!("{name:?}"));
        let error = State::parse(&text).unwrap_err().to_string();
        assert!(
            error.contains(&format!("invalid app name `{name}`")),
            "{error}"
        );
    }
}

#[test]
fn a_state_of_the_first_version_becomes_that_of_the_file_target() {
    let old = r#"{
        "state_version": 1, "lineage": "0123456789abcdef", "serial": 7,
        "apps": {"llm": {
            "code": {"machine_type": ["GPU-H100"], "gpus": 2},
            "overrides": {"keep_alive": 600},
            "history": [{"serial": 7, "time": "2026-11-23T10:00:00Z", "code": {"machine_type": ["GPU-H100"]}}]
        }}
    }"#;
    let state = State::parse(old).unwrap();
    assert_eq!(
        (state.state_version, state.serial, &*state.lineage),
        (3, 7, "0123456789abcdef")
    );
    assert_eq!(
        state.deployed_to("file").apps["llm"]
            .overrides
            .get(Key::KeepAlive),
        Some(&Some(Setting::Number(600)))
    );
    assert_eq!(State::parse(&state.to_json()).unwrap(), state);
    let damaged = old.replace("\"overrides\"", "\"override\"");
    let error = State::parse(&damaged).unwrap_err().to_string();
    assert!(
        error.contains("unknown field `override`") && error.contains("line 5"),
        "{error}"
    );
}
