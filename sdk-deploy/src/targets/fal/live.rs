//! Reads the output of `fal apps list --output json`.

use std::collections::BTreeMap;

use machinist_core::parameter::{Key, PARAMETERS};
use machinist_core::setting::Setting;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::parameter::parameter;
use super::pyproject::our_name;
use crate::deployed::Deployed;
use crate::live::{Live, LiveApp};
use crate::machines::CustomMachine;
use crate::parameters::{JsonValue, Overrides};

#[derive(Deserialize)]
struct List {
    apps: Vec<ListedApp>,
}

#[derive(Deserialize)]
struct ListedApp {
    alias: String,
    revision: Option<String>,
    environment_name: Option<String>,
    auth_mode: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// An environment of the platform. Each has apps of its own, also of one name.
pub(super) struct Environment {
    name: String,
}

impl Environment {
    const MAIN: &str = "main";

    /// The environment of this name; without one the main one.
    pub(super) fn named(name: Option<String>) -> Self {
        let name = name.filter(|name| !name.is_empty());
        Self {
            name: name.unwrap_or_else(|| Self::MAIN.into()),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_main(&self) -> bool {
        self.name == Self::MAIN
    }

    /// The name of an app; `None` if the app is of another environment. In environments other than
    /// the main one the listed name ends with the environment's.
    fn name_of<'a>(&self, listed: &'a ListedApp) -> Option<&'a str> {
        let suffix = format!("--{}", self.name);
        let name = match self.is_main() {
            true => None,
            false => listed.alias.strip_suffix(&suffix),
        };
        let environment = listed.environment_name.as_deref().unwrap_or_default();
        let is_here = match environment {
            // The name alone says it.
            "" => self.is_main() || name.is_some(),
            name => name == self.name,
        };
        is_here.then(|| name.unwrap_or(&listed.alias))
    }
}

/// Reads the list. It has no number of GPUs, which the platform never reports, and it does not say
/// who deployed an app.
pub(super) fn parse(
    text: &str,
    known: &Deployed,
    environment: &Environment,
) -> Result<Live, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let here = list.apps.into_iter().filter_map(|listed| {
        let name = environment.name_of(&listed)?.to_owned();
        Some((name, listed))
    });
    let apps = here.map(|(name, listed)| {
        let known = known.apps.get(&name);
        let custom = known.map_or(&[][..], |app| &app.machines);
        let app = app(listed, custom).map_err(|key| format!("invalid `{key}` of `{name}`"))?;
        Ok((name, app))
    });
    Ok(Live {
        apps: apps.collect::<Result<BTreeMap<_, _>, String>>()?,
    })
}

/// An app, or the key of an invalid value, which would be kept as tuned otherwise.
fn app(listed: ListedApp, custom: &[CustomMachine]) -> Result<LiveApp, &'static str> {
    let mut parameters = Overrides::default();
    for key in PARAMETERS.iter().map(|parameter| parameter.key) {
        let reported = parameter(key).and_then(|parameter| parameter.reported);
        let Some((reported, value)) = reported.and_then(|key| Some((key, listed.rest.get(key)?)))
        else {
            continue;
        };
        let value = Option::<Setting>::from_json(key, value).map_err(|_| reported)?;
        let value = match value {
            Some(Setting::List(names)) if key == Key::MachineType => {
                let names = names.iter().map(|name| our_name(name, custom).to_owned());
                Some(Setting::List(names.collect()))
            }
            other => other,
        };
        parameters.insert(key, value);
    }
    Ok(LiveApp {
        parameters,
        revision: listed.revision,
        auth: listed.auth_mode,
        ..LiveApp::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The names of the apps of an environment, each with its revision.
    fn names(environment: Option<&str>, listed: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
        let apps = listed.iter().enumerate().map(|(number, (alias, of))| {
            json!({"alias": alias, "environment_name": of, "revision": format!("r{number}")})
        });
        let text = json!({"apps": apps.collect::<Vec<_>>()}).to_string();
        let environment = Environment::named(environment.map(str::to_owned));
        let live = parse(&text, &Deployed::default(), &environment).unwrap();
        let apps = live.apps.into_iter();
        apps.map(|(name, app)| (name, app.revision.unwrap()))
            .collect()
    }

    #[test]
    fn an_app_is_that_of_the_environment() {
        let both = [("llm", None), ("llm--staging", Some("staging"))];
        let mut other_order = both;
        other_order.reverse();
        for (environment, listed, expected) in [
            (None, both, ("llm", "r0")),
            (Some(""), both, ("llm", "r0")),
            (Some("main"), both, ("llm", "r0")),
            (Some("staging"), both, ("llm", "r1")),
            (None, other_order, ("llm", "r1")),
            (Some("staging"), other_order, ("llm", "r0")),
        ] {
            let expected = [(expected.0.to_owned(), expected.1.to_owned())];
            assert_eq!(names(environment, &listed), expected, "{environment:?}");
        }
        assert_eq!(names(Some("prod"), &both), []);
        let without_environments = [("llm", None), ("llm--staging", None)];
        let expected = [("llm".to_owned(), "r1".to_owned())];
        assert_eq!(names(Some("staging"), &without_environments), expected);
    }

    #[test]
    fn a_name_that_looks_like_an_environments_stays_whole() {
        // `llm--staging` is an app of main; `llm` of staging is listed under the same name.
        let listed = [
            ("llm--staging", Some("main")),
            ("llm--staging", Some("staging")),
            ("llm--staging--staging", Some("staging")),
            ("other", Some("staging")),
        ];
        let found = |environment| {
            let names = names(environment, &listed).into_iter();
            names
                .map(|(name, revision)| format!("{name} {revision}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(None), ["llm--staging r0"]);
        assert_eq!(
            found(Some("staging")),
            ["llm r1", "llm--staging r2", "other r3"]
        );
    }

    #[test]
    fn who_may_call_an_app_is_reported_and_who_has_it_is_not() {
        let text = json!({"apps": [{"alias": "llm", "auth_mode": "public", "revision": "r"}]});
        let environment = Environment::named(None);
        let live = parse(&text.to_string(), &Deployed::default(), &environment).unwrap();
        let app = &live.apps["llm"];
        assert_eq!(app.auth.as_deref(), Some("public"));
        assert_eq!((app.is_foreign, &app.owner), (false, &None));
    }
}
