//! Parameters of an app: lookup, checks, overriding and comparison.
//!
//! Only this file knows that they are kept as JSON. Other files use its functions.

use machinist_core::attribute::{Place, Value as Written};
use machinist_core::own;
use machinist_core::parameter::{self, Group, Kind, PARAMETERS, Parameter, Setting};
use machinist_core::problem::{NAME, Problem};
use serde_json::{Map, Value, json};

/// Parameters by key, in the order of the manifest.
pub type Parameters = Map<String, Value>;

/// The group of a parameter; `None` for a key of a later version.
pub(crate) fn group(key: &str) -> Option<Group> {
    parameter::find(key).map(|parameter| parameter.group)
}

/// Whether a parameter is a list of regions.
pub(crate) fn is_regions(key: &str) -> bool {
    parameter::find(key).is_some_and(|parameter| parameter.kind == Kind::Regions)
}

/// The value of a parameter that is a number.
pub(crate) fn number(parameters: &Parameters, key: &str) -> Option<u64> {
    parameters.get(key)?.as_u64()
}

/// The default of a number on the platform of the catalogue.
pub(crate) fn default_number(key: &str) -> Option<u64> {
    let default = parameter::find(key)?.platform_default?;
    Some(default.into())
}

/// A number, or else its default on the platform of the catalogue.
pub(crate) fn number_or_default(parameters: &Parameters, key: &str) -> u64 {
    number(parameters, key)
        .or_else(|| default_number(key))
        .unwrap_or(0)
}

/// Sets a number that is not set to its default on the platform of the catalogue.
pub(crate) fn set_default(parameters: &mut Parameters, key: &str) {
    if let (Some(default), false) = (default_number(key), parameters.contains_key(key)) {
        parameters.insert(key.into(), default.into());
    }
}

/// Whether a parameter is set to something other than 0 and an empty list.
pub(crate) fn is_set(parameters: &Parameters, key: &str) -> bool {
    let nothing = [json!(0), json!([])];
    parameters
        .get(key)
        .is_some_and(|value| !nothing.contains(value))
}

/// The texts of a parameter that is a list.
fn texts<'p>(parameters: &'p Parameters, key: &str) -> impl Iterator<Item = &'p str> {
    let list = parameters.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// The names of the machine types, in their order.
pub(crate) fn machine_types(parameters: &Parameters) -> impl Iterator<Item = &str> {
    texts(parameters, parameter::MACHINE_TYPE)
}

/// The names of the regions.
pub(crate) fn regions(parameters: &Parameters) -> impl Iterator<Item = &str> {
    texts(parameters, parameter::REGIONS_KEY)
}

/// The number of GPUs; 0 for a CPU type.
pub(crate) fn gpus(parameters: &Parameters) -> u32 {
    let gpus = number(parameters, parameter::GPUS);
    gpus.and_then(|gpus| u32::try_from(gpus).ok()).unwrap_or(0)
}

/// The fewest and the most replicas.
pub(crate) fn replicas(parameters: &Parameters) -> (u64, u64) {
    (
        number_or_default(parameters, parameter::MIN_CONCURRENCY),
        number_or_default(parameters, parameter::MAX_CONCURRENCY),
    )
}

/// The path of the health check.
pub(crate) fn health_check_path(parameters: &Parameters) -> Option<&Value> {
    parameters.get(parameter::HEALTH_CHECK)?.get(PATH)
}

/// A health check of this path; an object, because some platforms add more to it.
pub(crate) fn health_check(path: &str) -> Value {
    json!({PATH: path})
}

const PATH: &str = "path";

/// Parameters overridden by others; `null` removes one.
pub(crate) fn effective(base: &Parameters, top: &Parameters) -> Parameters {
    let mut all = overlaid(base, top);
    all.retain(|_, value| !value.is_null());
    all
}

/// Parameters overridden by others; `null` is kept.
pub(crate) fn overlaid(base: &Parameters, top: &Parameters) -> Parameters {
    let mut all = base.clone();
    all.extend(top.clone());
    sorted(all)
}

/// Parameters in the order of the manifest, with keys of a later version at the end.
pub(crate) fn sorted(parameters: Parameters) -> Parameters {
    let order = |key: &str| {
        let mut known = PARAMETERS.iter();
        known
            .position(|parameter| parameter.key == key)
            .unwrap_or(usize::MAX)
    };
    let mut all: Vec<(String, Value)> = parameters.into_iter().collect();
    all.sort_by(|(a, _), (b, _)| (order(a), a).cmp(&(order(b), b)));
    all.into_iter().collect()
}

/// The keys whose values differ, in the order of the manifest.
pub(crate) fn changed_keys(from: &Parameters, to: &Parameters) -> Vec<String> {
    let keys = overlaid(from, to).into_iter().map(|(key, _)| key);
    keys.filter(|key| from.get(key) != to.get(key)).collect()
}

/// Whether a platform's value is the known one. For a value that is not set it reports its default.
pub(crate) fn is_same_value(key: &str, known: Option<&Value>, live: &Value) -> bool {
    let default = default_number(key);
    let is_regions = is_regions(key);
    match known {
        None if is_regions => live.as_array().is_none_or(Vec::is_empty),
        None => live.is_null() || default.is_some_and(|default| *live == default),
        Some(known) if is_regions => as_set(known) == as_set(live),
        Some(known) => known == live,
    }
}

fn as_set(list: &Value) -> Vec<&str> {
    let elements = list.as_array().into_iter().flatten();
    let mut texts: Vec<&str> = elements.filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

/// Checks parameters of a manifest by the rules of the attribute. Keys of a later version are
/// skipped.
pub(crate) fn check(parameters: &Parameters) -> Result<(), Problem> {
    for (key, value) in parameters {
        let Some(parameter) = parameter::find(key) else {
            continue;
        };
        if checked(parameter, value)? != *value {
            return Err(Problem::new(format!(
                "`{key}` is not in the manifest's form"
            )));
        }
    }
    Ok(())
}

/// Checks a value by the rules of the attribute, and gives it in the manifest's form.
pub(crate) fn checked(parameter: &Parameter, value: &Value) -> Result<Value, Problem> {
    match (parameter.read(&as_written(value), Place(0)), parameter.kind) {
        (Ok(Setting::Number(number)), _) => Ok(number.into()),
        (Ok(Setting::Text(path)), Kind::Path) => Ok(health_check(&path)),
        (Ok(Setting::Text(text)), _) => Ok(text.into()),
        (Ok(Setting::List(texts)), Kind::MachineTypes) => {
            texts
                .iter()
                .try_for_each(|name| own::check_name(NAME, name))?;
            Ok(texts.into())
        }
        (Ok(Setting::List(texts)), _) => Ok(texts.into()),
        (Err(mut findings), _) => Err(findings.swap_remove(0).problem),
    }
}

/// A value of the manifest as the attribute has it.
fn as_written(value: &Value) -> Written {
    match value {
        Value::String(text) => Written::Text(text.clone()),
        Value::Bool(bool) => Written::Bool(*bool),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Written::Integer(integer.into()),
            None => Written::Number(number.to_string()),
        },
        Value::Array(elements) => Written::List(
            elements
                .iter()
                .map(|element| (as_written(element), Place(0)))
                .collect(),
        ),
        // The attribute has the path of a health check alone.
        Value::Object(members) => match members.get(PATH) {
            Some(path) => as_written(path),
            None => Written::Other(value.to_string()),
        },
        Value::Null => Written::Other(value.to_string()),
    }
}
