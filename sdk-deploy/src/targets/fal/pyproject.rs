//! The `pyproject.toml` that `fal deploy` reads. The client rejects unknown keys.

use machinist_core::keys::PATH;
use machinist_core::parameter::Key;
use machinist_core::setting::Setting;
use toml::{Table, Value};

use super::parameter::parameter;
use crate::app_plan::AppPlan;
use crate::artifact::Artifact;
use crate::bindings::Bindings;
use crate::machines::CustomMachine;

/// The name of the platform's only volume, and its path.
pub(super) const VOLUME: &str = "data";
pub(super) const VOLUME_PATH: &str = "/data";

/// What the platform runs.
pub(super) enum Source {
    /// A `Dockerfile` in its folder.
    Dockerfile(String),
    /// A container image that is built elsewhere.
    Image(String),
}

/// The file for one app. The client ignores its flag `--reset-scale` for apps of this file, so the
/// file has the switch.
pub(super) fn render(app: &AppPlan, source: &Source, artifact: &Artifact, reset: bool) -> String {
    let mut table = Table::new();
    for (key, value) in app.all_parameters().iter() {
        let Some(parameter) = parameter(key) else {
            continue;
        };
        let value: Value = match value {
            Setting::Number(number) => (*number).into(),
            Setting::Path(path) => table_of(PATH, path.clone()).into(),
            // The platform's default; the client rejects an empty list.
            Setting::List(texts) if texts.is_empty() => continue,
            Setting::List(names) if key == Key::MachineType => {
                let names = names.iter();
                list(names.map(|name| platform_name(name, &app.machines)))
            }
            Setting::List(texts) => list(texts.iter().map(String::as_str)),
        };
        table.insert(parameter.written.into(), value);
    }
    if let Some(auth) = &artifact.auth {
        table.insert("auth".into(), auth.clone().into());
    }
    let Bindings {
        secrets, volumes, ..
    } = &artifact.bindings;
    if !secrets.is_empty() {
        table.insert("secrets".into(), list(secrets.iter().map(String::as_str)));
    }
    let mounts: Vec<&str> = volumes.iter().filter_map(mount).collect();
    if !mounts.is_empty() {
        table.insert("data_mounts".into(), list(mounts.into_iter()));
    }
    if reset {
        table.insert("app_scale_settings".into(), true.into());
    }
    let image = match source {
        Source::Dockerfile(path) => ("dockerfile", path.clone()),
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

/// The path of a volume, if the platform has it: it has one, for the whole account, at one path.
pub(super) fn mount<'a>((path, name): (&'a String, &String)) -> Option<&'a str> {
    let below = path.strip_prefix(VOLUME_PATH)?;
    let is_there = below.is_empty() || below.starts_with('/');
    (is_there && name == VOLUME).then_some(path)
}

/// The machine types that are sent under other names than the code's, with those names.
pub(super) fn machine_names(app: &AppPlan) -> Option<String> {
    let code = app.effective.as_ref().map(|effective| &effective.code);
    let names = code.map(|code| code.machine_types()).unwrap_or_default();
    let renamed = names.iter().filter_map(|name| {
        let platform = platform_name(name, &app.machines);
        (platform != name).then(|| format!("{name} = {platform}"))
    });
    let renamed: Vec<String> = renamed.collect();
    (!renamed.is_empty()).then(|| renamed.join(", "))
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

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(texts.map(Value::from).collect())
}

fn table_of(key: &str, value: impl Into<Value>) -> Table {
    Table::from_iter([(key.to_owned(), value.into())])
}
