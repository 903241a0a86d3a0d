//! The `pyproject.toml` that `fal deploy` reads. The client rejects unknown keys.

use machinist_core::parameter::{self, GPUS, MACHINE_TYPE, PORT, TERMINATION_GRACE_PERIOD};
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::app_plan::AppPlan;
use crate::machines::CustomMachine;

/// The platform's keys of parameters, if they differ from ours.
const PLATFORM_KEYS: &[(&str, &str)] = &[
    (GPUS, "num_gpus"),
    (PORT, "exposed_port"),
    (TERMINATION_GRACE_PERIOD, "termination_grace_period_seconds"),
];

/// What the platform runs.
pub(super) enum Source {
    /// The `Dockerfile` beside it.
    Dockerfile,
    /// A container image that is built elsewhere.
    Image(String),
}

/// The file for one app. The client ignores its flag `--reset-scale` for apps of this file, so the
/// file has the switch.
pub(super) fn render(app: &AppPlan, source: &Source, auth: Option<&str>, reset: bool) -> String {
    let mut table = Table::new();
    let effective = app.effective.iter();
    let all = effective.flat_map(|all| all.code.iter().chain(&all.scaling));
    // An unknown key of a later version could be a key of the platform with another meaning.
    for (key, value) in all.filter(|(key, _)| parameter::find(key).is_some()) {
        let platform_key = PLATFORM_KEYS.iter().find(|(ours, _)| ours == key);
        let name = platform_key.map_or(key.as_str(), |(_, name)| name);
        let value = match key == MACHINE_TYPE {
            true => renamed(value, |name| platform_name(name, &app.machines)),
            false => value.clone(),
        };
        if let Some(value) = toml_value(&value) {
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
    table.insert("image".into(), table_of(image.0, image.1).into());
    let document = table_of(
        "tool",
        table_of("fal", table_of("apps", table_of(&app.name, table))),
    );
    // Texts, numbers, lists and tables: this serialization cannot fail.
    toml::to_string(&document).unwrap_or_default()
}

/// The platform's name of a machine type.
fn platform_name<'a>(name: &'a str, custom: &'a [CustomMachine]) -> &'a str {
    let custom = custom.iter().find(|custom| custom.name == name);
    custom
        .and_then(|custom| custom.fal.as_deref())
        .unwrap_or(name)
}

/// Our name of a machine type of the platform.
pub(super) fn our_name<'a>(name: &'a str, custom: &'a [CustomMachine]) -> &'a str {
    let custom = custom
        .iter()
        .find(|custom| custom.fal.as_deref() == Some(name));
    custom.map_or(name, |custom| &custom.name)
}

/// A list of names, each replaced.
pub(super) fn renamed<'a>(list: &'a Json, name: impl Fn(&'a str) -> &'a str) -> Json {
    let names = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str);
    names.map(name).collect()
}

fn table_of(key: &str, value: impl Into<Value>) -> Table {
    Table::from_iter([(key.to_owned(), value.into())])
}

/// A value for TOML; `None` for an empty list, which is the platform's default.
fn toml_value(value: &Json) -> Option<Value> {
    match value {
        Json::Array(elements) if elements.is_empty() => None,
        // TOML has integers, texts, lists and tables, but no `null`.
        value => Value::try_from(value).ok(),
    }
}
