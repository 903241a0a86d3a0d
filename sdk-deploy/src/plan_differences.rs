//! The differences between a kept plan and the one that is made now, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::artifact::Artifact;
use crate::change::What;
use crate::kept_plan::{KeptDestination, KeptPlan, KeptState};

/// Members of an app that say nothing about what a deploy does: they follow from the others, or are
/// words, which another version may choose differently.
const NOT_COMPARED: [&str; 4] = ["name", "warnings", "needs", "cost_per_hour"];

/// Members of an app with words of their own.
const WITH_OWN_WORDS: [&str; 4] = ["action", "changes", "tuned", "effective"];

impl KeptPlan {
    /// What `now`, a plan that is made anew, does not have in common with this one: a sentence for
    /// each difference. The destination comes first, then the state, then the apps.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = destination(&self.destination, &now.destination);
        found.extend(state(&self.state, &now.state));
        let (apps_then, apps_now) = (by_name(&self.apps), by_name(&now.apps));
        let names: BTreeSet<&str> = apps_then.keys().chain(apps_now.keys()).copied().collect();
        for name in names {
            match (apps_then.get(name), apps_now.get(name)) {
                (Some(before), Some(after)) => {
                    let sent = (self.artifacts.get(name), now.artifacts.get(name));
                    let differences = app(before, after, artifact(sent.0, sent.1));
                    found.extend(differences.iter().map(|text| format!("`{name}`: {text}")));
                }
                (Some(before), None) => found.push(format!(
                    "`{name}` was {}, and is not in the plan now",
                    action(before)
                )),
                (None, Some(after)) => found.push(format!(
                    "`{name}` was not in the plan, and is {} now",
                    action(after)
                )),
                (None, None) => {}
            }
        }
        found
    }
}

fn destination(then: &KeptDestination, now: &KeptDestination) -> Vec<String> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or("none".into());
    let parts = [
        ("target", then.target.clone(), now.target.clone()),
        (
            "environment",
            or_none(&then.environment),
            or_none(&now.environment),
        ),
        ("place", or_none(&then.place), or_none(&now.place)),
    ];
    let different = parts.into_iter().filter(|(_, then, now)| then != now);
    different
        .map(|(what, then, now)| format!("the {what} was `{then}`, and is `{now}`"))
        .collect()
}

fn state(then: &KeptState, now: &KeptState) -> Option<String> {
    if then.serial != now.serial {
        let (then, now) = (then.serial, now.serial);
        return Some(format!("the state had serial {then}, and has serial {now}"));
    }
    (then.lineage != now.lineage).then(|| "the state is another one, of the same serial".into())
}

fn by_name(apps: &[Value]) -> BTreeMap<&str, &Value> {
    let named = apps
        .iter()
        .map(|app| (app["name"].as_str().unwrap_or_default(), app));
    named.collect()
}

/// What happens to an app, as a part of a sentence.
fn action(app: &Value) -> String {
    match app["action"].as_str().unwrap_or_default() {
        "unchanged" => "unchanged".into(),
        "orphaned" => "kept".into(),
        "create" => "to be created".into(),
        "adopt" => "to be adopted".into(),
        "update" => "to be updated".into(),
        "delete" => "to be deleted".into(),
        other => format!("planned as {other}"),
    }
}

/// The parts of what is sent that differ.
fn artifact(then: Option<&Artifact>, now: Option<&Artifact>) -> Vec<(What, String)> {
    let (then, now) = match (then, now) {
        (None, None) => return Vec::new(),
        (then, now) => (
            then.cloned().unwrap_or_default(),
            now.cloned().unwrap_or_default(),
        ),
    };
    let changes = then.changes(&now).into_iter();
    changes
        .map(|change| {
            let text = |value: &Option<Value>| match value {
                Some(Value::String(text)) => format!("`{text}`"),
                _ => "none".into(),
            };
            let (from, to) = (text(&change.from), text(&change.to));
            let name = change.what.as_str();
            let text = format!("the {name} was {from}, and is {to}");
            (change.what, text)
        })
        .collect()
}

/// The differences of one app.
fn app(then: &Value, now: &Value, artifacts: Vec<(What, String)>) -> Vec<String> {
    let mut found = Vec::new();
    if then["action"] != now["action"] {
        found.push(format!("it was {}, and is {}", action(then), action(now)));
    }
    let sent: BTreeSet<String> = artifacts
        .iter()
        .map(|(what, _)| what.as_str().into())
        .collect();
    found.extend(artifacts.into_iter().map(|(_, text)| text));
    found.extend(changes(&then["changes"], &now["changes"], &sent));
    found.extend(tuned(&then["tuned"], &now["tuned"]));
    found.extend(others(then, now));
    // The parameters in effect follow from changes and tuned values, where these say all.
    if found.is_empty() && then["effective"] != now["effective"] {
        found.push(was_and_is(
            "effective",
            &then["effective"],
            &now["effective"],
        ));
    }
    found
}

fn changes(then: &Value, now: &Value, reported: &BTreeSet<String>) -> Vec<String> {
    let text = |name: &str, change: Option<&&Value>, with_reason: bool| {
        let Some(change) = change else {
            return "no change".to_owned();
        };
        let (from, to) = (shown(name, &change["from"]), shown(name, &change["to"]));
        match change["why"].as_str() {
            Some(why) if with_reason => format!("{from} -> {to} ({why})"),
            _ => format!("{from} -> {to}"),
        }
    };
    let differing = differing(then, now, "what");
    let differing = differing.filter(|(name, _, _)| !reported.contains(name));
    differing
        .map(|(name, then, now)| {
            let texts = |with_reason| {
                let then = text(&name, then.as_ref(), with_reason);
                (then, text(&name, now.as_ref(), with_reason))
            };
            let (before, after) = texts(false);
            let (before, after) = match before == after {
                true => texts(true),
                false => (before, after),
            };
            format!("`{name}`: {before} was planned, and now {after}")
        })
        .collect()
}

fn tuned(then: &Value, now: &Value) -> Vec<String> {
    let text = |name: &str, tuned: Option<&&Value>| match tuned {
        None => "none".to_owned(),
        Some(tuned) => {
            let code = shown(name, &tuned["code"]);
            format!("{} (the code says {code})", shown(name, &tuned["value"]))
        }
    };
    differing(then, now, "parameter")
        .map(|(name, then, now)| {
            let (then, now) = (text(&name, then.as_ref()), text(&name, now.as_ref()));
            format!("`{name}`: the tuned value was {then}, and is {now}")
        })
        .collect()
}

/// The entries of two lists that differ, by the member that names them.
fn differing<'v>(
    then: &'v Value,
    now: &'v Value,
    named_by: &str,
) -> impl Iterator<Item = (String, Option<&'v Value>, Option<&'v Value>)> {
    let entries = |list: &'v Value| -> BTreeMap<String, &'v Value> {
        let entries = list.as_array().into_iter().flatten();
        entries
            .map(|entry| (entry[named_by].as_str().unwrap_or_default().into(), entry))
            .collect()
    };
    let (then, now) = (entries(then), entries(now));
    let names: BTreeSet<String> = then.keys().chain(now.keys()).cloned().collect();
    names
        .into_iter()
        .map(move |name| {
            let (then, now) = (then.get(&name).copied(), now.get(&name).copied());
            (name, then, now)
        })
        .filter(|(_, then, now)| then != now)
}

/// Members that have no words of their own.
fn others(then: &Value, now: &Value) -> Vec<String> {
    let keys = |app: &Value| -> Vec<String> {
        let members = app.as_object().into_iter().flatten();
        members.map(|(key, _)| key.clone()).collect()
    };
    let keys: BTreeSet<String> = keys(then).into_iter().chain(keys(now)).collect();
    let is_compared = |key: &String| {
        let key = key.as_str();
        !NOT_COMPARED.contains(&key) && !WITH_OWN_WORDS.contains(&key)
    };
    keys.iter()
        .filter(|key| is_compared(key) && then[key.as_str()] != now[key.as_str()])
        .map(|key| was_and_is(key, &then[key.as_str()], &now[key.as_str()]))
        .collect()
}

fn was_and_is(what: &str, then: &Value, now: &Value) -> String {
    format!("`{what}` was {}, and is {}", compact(then), compact(now))
}

/// A value as the code would write it.
fn shown(name: &str, value: &Value) -> String {
    match What::from(name.to_owned()) {
        What::Parameter(parameter) => parameter.show(Some(value)),
        What::Artifact(_) => compact(value),
    }
}

/// JSON on one line, cut where it is long.
fn compact(value: &Value) -> String {
    const LONGEST: usize = 200;
    let text = match value {
        Value::Null => "not set".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kept_plan::KEPT_PLAN_VERSION;

    fn kept(apps: Value) -> KeptPlan {
        let document = json!({
            "kept_plan_version": KEPT_PLAN_VERSION,
            "destination": {"target": "fal", "place": "acme"},
            "state": {"lineage": "a", "serial": 3},
            "options": {},
            "apps": apps,
        });
        KeptPlan::parse(&document.to_string()).unwrap()
    }

    fn update(changes: Value) -> Value {
        json!([{"name": "llm", "action": "update", "changes": changes}])
    }

    #[test]
    fn every_difference_is_named() {
        let gpus = |to: u32| json!({"what": "gpus", "from": 2, "to": to, "why": "code"});
        let drifted = json!({"what": "gpus", "from": 2, "to": 4, "why": "drift"});
        let keep = json!({"what": "keep_alive", "from": 60, "to": null, "why": "code"});
        let planned = update(json!([gpus(4)]));
        for (now, expected) in [
            (planned.clone(), &[][..]),
            (
                update(json!([gpus(8)])),
                &["`llm`: `gpus`: 2 -> 4 was planned, and now 2 -> 8"],
            ),
            (
                update(json!([gpus(4), keep])),
                &["`llm`: `keep_alive`: no change was planned, and now 1m -> not set"],
            ),
            (
                update(json!([drifted])),
                &["`llm`: `gpus`: 2 -> 4 (code) was planned, and now 2 -> 4 (drift)"],
            ),
            (
                json!([{"name": "llm", "action": "create", "changes": [gpus(4)]}]),
                &["`llm`: it was to be updated, and is to be created"],
            ),
            (
                json!([]),
                &["`llm` was to be updated, and is not in the plan now"],
            ),
            (
                json!([planned[0], {"name": "new", "action": "create"}]),
                &["`new` was not in the plan, and is to be created now"],
            ),
            (
                json!([{
                    "name": "llm", "action": "update", "changes": [gpus(4)],
                    "tuned": [{"parameter": "keep_alive", "value": 600, "code": 60}],
                }]),
                &["`llm`: `keep_alive`: the tuned value was none, and is 10m (the code says 1m)"],
            ),
            (
                json!([{"name": "llm", "action": "update", "changes": [gpus(4)], "package": "p"}]),
                &["`llm`: `package` was not set, and is p"],
            ),
            (
                json!([{
                    "name": "llm", "action": "update", "changes": [gpus(4)],
                    "effective": {"code": {"gpus": 4}},
                }]),
                &[r#"`llm`: `effective` was not set, and is {"code":{"gpus":4}}"#],
            ),
            // Words and prices are no difference.
            (
                json!([{
                    "name": "llm", "action": "update", "changes": [gpus(4)],
                    "warnings": [{"message": "m"}], "cost_per_hour": {"from": null, "to": null},
                }]),
                &[],
            ),
        ] {
            let found = kept(planned.clone()).differences(&kept(now));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn destination_state_and_artifacts_are_compared() {
        let then = kept(update(json!([])));
        let mut now = then.clone();
        now.destination.target = "knative".into();
        now.destination.place = None;
        now.destination.environment = Some("prod".into());
        now.state.serial = 4;
        let image = |image: &str| Artifact {
            image: Some(image.into()),
            ..Artifact::default()
        };
        now.artifacts.insert("llm".into(), image("acme/llm:v2"));
        let expected = [
            "the target was `fal`, and is `knative`",
            "the environment was `none`, and is `prod`",
            "the place was `acme`, and is `none`",
            "the state had serial 3, and has serial 4",
            "`llm`: the image was none, and is `acme/llm:v2`",
        ];
        assert_eq!(then.differences(&now), expected);

        let mut other = then.clone();
        other.state.lineage = Some("b".into());
        assert_eq!(
            then.differences(&other),
            ["the state is another one, of the same serial"]
        );
    }

    #[test]
    fn a_part_that_is_sent_is_named_once() {
        let change = |to: &str| json!([{"what": "image", "from": "v0", "to": to, "why": "code"}]);
        let (mut then, mut now) = (kept(update(change("v1"))), kept(update(change("v2"))));
        for (plan, image) in [(&mut then, "v1"), (&mut now, "v2")] {
            let artifact = Artifact {
                image: Some(image.into()),
                ..Artifact::default()
            };
            plan.artifacts.insert("llm".into(), artifact);
        }
        let expected = ["`llm`: the image was `v1`, and is `v2`"];
        assert_eq!(then.differences(&now), expected);
    }
}
