//! The `pyproject.toml` that `fal deploy` reads. It takes no key that it does not know.

use machinist_core::parameter::{self, GPUS, MACHINE_TYPE, PORT, TERMINATION_GRACE_PERIOD};
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::app_plan::AppPlan;
use crate::machines::OwnMachine;

/// What the platform calls our parameters, where it has another name for them.
const NAMES: &[(&str, &str)] = &[
    (GPUS, "num_gpus"),
    (PORT, "exposed_port"),
    (TERMINATION_GRACE_PERIOD, "termination_grace_period_seconds"),
];

/// What the platform runs.
pub(super) enum Source {
    /// The `Dockerfile` beside it.
    Dockerfile,
    /// An image that is built elsewhere.
    Image(String),
}

/// The file for one app. `--reset-scale` of the command line is ignored for apps of this file, so
/// the switch stands in it.
pub(super) fn render(app: &AppPlan, source: &Source, auth: Option<&str>, reset: bool) -> String {
    let mut table = Table::new();
    let effective = app.effective.iter();
    let all = effective.flat_map(|all| all.code.iter().chain(&all.scaling));
    // What a later version's record has more would be a key of the platform's here.
    for (key, value) in all.filter(|(key, _)| parameter::find(key).is_some()) {
        let theirs = NAMES.iter().find(|(ours, _)| ours == key);
        let name = theirs.map_or(key.as_str(), |(_, theirs)| theirs);
        let value = match key == MACHINE_TYPE {
            true => names(value, |name| theirs_of(name, &app.machines)),
            false => value.clone(),
        };
        if let Some(value) = value_of(&value) {
            table.insert(name.into(), value);
        }
    }
    if let Some(auth) = auth {
        table.insert("auth".into(), auth.into());
    }
    if reset {
        table.insert("app_scale_settings".into(), true.into());
    }
    let image = match source {
        Source::Dockerfile => ("dockerfile", "Dockerfile".to_owned()),
        Source::Image(image) => ("image", image.clone()),
    };
    table.insert("image".into(), one(image.0, image.1).into());
    let document = one("tool", one("fal", one("apps", one(&app.name, table))));
    // Texts, numbers, lists and tables: this serialization cannot fail.
    toml::to_string(&document).unwrap_or_default()
}

/// What the platform calls a machine type.
fn theirs_of<'a>(name: &'a str, own: &'a [OwnMachine]) -> &'a str {
    let own = own.iter().find(|own| own.name == name);
    own.and_then(|own| own.fal.as_deref()).unwrap_or(name)
}

/// What we call a machine type of the platform.
pub(super) fn ours_of<'a>(name: &'a str, own: &'a [OwnMachine]) -> &'a str {
    let own = own.iter().find(|own| own.fal.as_deref() == Some(name));
    own.map_or(name, |own| &own.name)
}

/// A list of names with other names.
pub(super) fn names<'a>(list: &'a Json, name: impl Fn(&'a str) -> &'a str) -> Json {
    let names = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str);
    names.map(name).collect()
}

fn one(key: &str, value: impl Into<Value>) -> Table {
    Table::from_iter([(key.to_owned(), value.into())])
}

/// An empty list is what the platform has where nothing is set.
fn value_of(value: &Json) -> Option<Value> {
    match value {
        Json::Array(elements) if elements.is_empty() => None,
        // Whole numbers, texts, and lists and tables of them: TOML has them all but `null`.
        value => Value::try_from(value).ok(),
    }
}
