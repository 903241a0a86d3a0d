//! Parameters of an app by key, typed, and their one conversion from and to JSON.

use std::collections::BTreeMap;
use std::fmt;

use machinist_core::attribute::{Place, Value as Written};
use machinist_core::keys::PATH;
use machinist_core::parameter::{Group, Key, Kind};
use machinist_core::problem::{self, Problem};
use machinist_core::setting::{Setting, check_concurrency};
use machinist_core::text::visible;
use machinist_core::{custom, keys};
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Parameters by key, in the order of the manifest.
///
/// ```
/// use machinist_core::parameter::Key;
/// use machinist_deploy::Parameters;
///
/// let parameters: Parameters = serde_json::from_str(r#"{"gpus": 2, "newer": true}"#)?;
/// assert_eq!(parameters.number(Key::Gpus), Some(2));
/// // A key of a later version is kept as it is.
/// assert_eq!(serde_json::to_string(&parameters)?, r#"{"gpus":2,"newer":true}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<V = Setting> {
    known: BTreeMap<Key, V>,
    /// Keys of later versions, with their values as they were written.
    later: BTreeMap<String, Value>,
}

/// Parameters that override others; `None` removes one.
pub type Overrides = Parameters<Option<Setting>>;

/// The name of a parameter: a key of this version or of a later one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ParameterName {
    /// A key of this version.
    Known(Key),
    /// A key of a later version.
    Later(String),
}

impl ParameterName {
    /// The key, if this version knows it.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Known(key) => Some(*key),
            Self::Later(_) => None,
        }
    }

    /// The key as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(key) => key.as_str(),
            Self::Later(key) => key,
        }
    }

    /// A value of it as the code would write it, without quotes.
    pub fn show(&self, value: Option<&Value>) -> String {
        let known = |value| {
            let key = self.key()?;
            let setting = Setting::from_json(key, value).ok()?;
            Some(key.parameter().show(&setting))
        };
        match value {
            None | Some(Value::Null) => "not set".into(),
            Some(value) => known(value).unwrap_or_else(|| value.to_string()),
        }
    }
}

impl From<String> for ParameterName {
    fn from(key: String) -> Self {
        Key::find(&key).map_or(Self::Later(key), Self::Known)
    }
}

impl From<ParameterName> for String {
    fn from(name: ParameterName) -> Self {
        name.as_str().into()
    }
}

impl fmt::Display for ParameterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<V> Default for Parameters<V> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            later: BTreeMap::new(),
        }
    }
}

impl<V> FromIterator<(Key, V)> for Parameters<V> {
    fn from_iter<I: IntoIterator<Item = (Key, V)>>(parameters: I) -> Self {
        Self {
            known: parameters.into_iter().collect(),
            later: BTreeMap::new(),
        }
    }
}

impl<V> Parameters<V> {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.later.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: Key) -> Option<&V> {
        self.known.get(&key)
    }

    /// Whether a key is set.
    pub fn contains(&self, key: Key) -> bool {
        self.known.contains_key(&key)
    }

    /// Whether a key of this version or of a later one is set.
    pub(crate) fn contains_name(&self, name: &ParameterName) -> bool {
        match name {
            ParameterName::Known(key) => self.contains(*key),
            ParameterName::Later(key) => self.later.contains_key(key),
        }
    }

    /// Sets a key, and gives its value before.
    pub fn insert(&mut self, key: Key, value: V) -> Option<V> {
        self.known.insert(key, value)
    }

    /// Removes a key of this version or of a later one.
    pub fn remove(&mut self, name: &ParameterName) {
        match name {
            ParameterName::Known(key) => drop(self.known.remove(key)),
            ParameterName::Later(key) => drop(self.later.remove(key)),
        }
    }

    /// The keys of this version with their values, in the order of the manifest.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &V)> {
        self.known.iter().map(|(key, value)| (*key, value))
    }

    /// The keys of later versions.
    pub fn later_keys(&self) -> impl Iterator<Item = &str> {
        self.later.keys().map(String::as_str)
    }
}

impl<V: JsonValue> Parameters<V> {
    /// Every key with its value as JSON: those of later versions last.
    pub fn json(&self) -> impl Iterator<Item = (ParameterName, Value)> {
        let known = self
            .known
            .iter()
            .map(|(key, value)| (ParameterName::Known(*key), value.to_json()));
        let later = self
            .later
            .iter()
            .map(|(key, value)| (ParameterName::Later(key.clone()), value.clone()));
        known.chain(later)
    }

    fn from_json(map: Map<String, Value>) -> Result<Self, String> {
        let mut parameters = Self::default();
        for (key, value) in map {
            match Key::find(&key) {
                Some(key) => {
                    parameters.known.insert(key, V::from_json(key, &value)?);
                }
                None => {
                    parameters.later.insert(key, value);
                }
            }
        }
        Ok(parameters)
    }
}

impl Parameters {
    /// Whether others have the same value of a key, or none either.
    pub(crate) fn has_same(&self, name: &ParameterName, others: &Self) -> bool {
        match name {
            ParameterName::Known(key) => self.get(*key) == others.get(*key),
            ParameterName::Later(key) => self.later.get(key) == others.later.get(key),
        }
    }

    /// The value of a key that is a number.
    pub fn number(&self, key: Key) -> Option<u32> {
        self.get(key)?.number()
    }

    /// Checks the rules that need several parameters.
    pub(crate) fn check_together(&self) -> Result<(), Problem> {
        match self.number(Key::MinConcurrency) {
            Some(fewest) => check_concurrency(fewest, self.number(Key::MaxConcurrency)),
            None => Ok(()),
        }
    }

    /// The value of a key that is a number, or else its default on the catalogue's platform.
    pub(crate) fn number_or_default(&self, key: Key) -> u32 {
        let default = key.parameter().platform_default;
        self.number(key).or(default).unwrap_or(0)
    }

    /// Sets a number that is not set to its default on the catalogue's platform.
    pub(crate) fn set_default(&mut self, key: Key) {
        if let (Some(default), false) = (key.parameter().platform_default, self.contains(key)) {
            self.insert(key, Setting::Number(default));
        }
    }

    fn list(&self, key: Key) -> &[String] {
        self.get(key).map_or(&[], Setting::list)
    }

    /// The names of the machine types, in their order.
    pub fn machine_types(&self) -> &[String] {
        self.list(Key::MachineType)
    }

    /// The names of the regions.
    pub(crate) fn regions(&self) -> &[String] {
        self.list(Key::Regions)
    }

    /// The number of GPUs; 0 for a CPU type.
    pub(crate) fn gpus(&self) -> u32 {
        self.number(Key::Gpus).unwrap_or(0)
    }

    /// The fewest and the most replicas.
    pub(crate) fn replicas(&self) -> (u32, u32) {
        (
            self.number_or_default(Key::MinConcurrency),
            self.number_or_default(Key::MaxConcurrency),
        )
    }

    /// The path of the health check.
    pub(crate) fn health_check_path(&self) -> Option<&str> {
        self.get(Key::HealthCheck)?.path()
    }

    /// Whether a key is set to a value that says something: neither an empty list, nor 0 where
    /// that is the default.
    pub(crate) fn is_set(&self, key: Key) -> bool {
        match self.get(key) {
            None => false,
            Some(Setting::Number(0)) => key.parameter().platform_default != Some(0),
            Some(Setting::List(list)) => !list.is_empty(),
            Some(Setting::Number(_) | Setting::Path(_)) => true,
        }
    }

    /// Parameters with those of another group.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.known.extend(others.known);
        self.later.extend(others.later);
        self
    }

    /// Parameters with overrides applied.
    pub fn overridden_by(&self, overrides: &Overrides) -> Self {
        let mut all = self.clone();
        for (key, value) in &overrides.known {
            match value {
                Some(value) => all.known.insert(*key, value.clone()),
                None => all.known.remove(key),
            };
        }
        for (key, value) in &overrides.later {
            match value {
                Value::Null => all.later.remove(key),
                value => all.later.insert(key.clone(), value.clone()),
            };
        }
        all
    }

    /// Checks parameters by the rules of the attribute.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        for name in self.machine_types() {
            custom::check_name(keys::NAME, name)?;
        }
        self.iter()
            .try_for_each(|(key, setting)| key.parameter().check(setting))
    }
}

/// A key that can be tuned.
pub(crate) fn tunable(given: &str) -> Result<Key, Problem> {
    match Key::find(given) {
        Some(key) if key.parameter().group == Group::Scaling => Ok(key),
        Some(_) => Err(
            Problem::new(format!("`{given}` is a code parameter and cannot be tuned"))
                .help("change it in the code and deploy: every deploy applies the code's value"),
        ),
        None => {
            let keys: Vec<&str> = Key::in_group(Group::Scaling).map(Key::as_str).collect();
            Err(problem::unknown("scaling parameter", given, &keys))
        }
    }
}

impl Overrides {
    /// The values of the same keys in these parameters.
    pub(crate) fn values_in(&self, parameters: &Parameters) -> Self {
        let known = self.known.keys();
        let later = self.later.keys();
        Self {
            known: known
                .map(|key| (*key, parameters.get(*key).cloned()))
                .collect(),
            later: later
                .map(|key| {
                    (
                        key.clone(),
                        parameters.later.get(key).cloned().unwrap_or_default(),
                    )
                })
                .collect(),
        }
    }
}

/// Whether a platform's value is the known one. For a value that is not set it reports its default.
pub(crate) fn is_same_value(key: Key, known: Option<&Setting>, live: Option<&Setting>) -> bool {
    let default = key.parameter().platform_default.map(Setting::Number);
    let is_default = |live: &Setting| match live {
        Setting::List(list) => list.is_empty(),
        live => Some(live) == default.as_ref(),
    };
    match (known, live) {
        (None, live) => live.is_none_or(is_default),
        (Some(Setting::List(list)), None) => list.is_empty(),
        (Some(_), None) => false,
        // Regions are a set; machine types are tried in order.
        (Some(Setting::List(known)), Some(Setting::List(live))) if key == Key::Regions => {
            sorted(known) == sorted(live)
        }
        (Some(known), Some(live)) => known == live,
    }
}

fn sorted(list: &[String]) -> Vec<&String> {
    let mut sorted: Vec<&String> = list.iter().collect();
    sorted.sort_unstable();
    sorted
}

/// A value of a parameter as records, manifests and states write it.
pub trait JsonValue: Sized {
    /// The value as JSON.
    fn to_json(&self) -> Value;

    /// Reads a value of this key. The range is not checked.
    ///
    /// # Errors
    ///
    /// When the value is of another kind than the key's.
    fn from_json(key: Key, value: &Value) -> Result<Self, String>;
}

impl JsonValue for Setting {
    fn to_json(&self) -> Value {
        // What a setting writes is JSON.
        serde_json::from_str(&self.json()).unwrap_or_default()
    }

    fn from_json(key: Key, value: &Value) -> Result<Self, String> {
        let setting = match key.parameter().kind {
            Kind::Number(..) | Kind::Seconds(..) => {
                let integer = value.as_i64();
                integer.map(|integer| number(key, integer)).transpose()?
            }
            Kind::Path => {
                let check = value.as_object().filter(|check| check.len() == 1);
                let path = check.and_then(|check| check.get(PATH)?.as_str());
                path.map(|path| Self::Path(path.into()))
            }
            Kind::MachineTypes | Kind::Regions => {
                let texts = value.as_array().map(|elements| {
                    let texts = elements.iter().map(|element| element.as_str());
                    texts.map(|text| text.map(str::to_owned)).collect()
                });
                texts.flatten().map(Self::List)
            }
        };
        setting.ok_or_else(|| {
            let (key, value) = (key.as_str(), visible(&value.to_string()));
            format!("`{key}` is not in the manifest's form: {value}")
        })
    }
}

/// A number. A number that no parameter takes is refused as in the attribute.
fn number(key: Key, integer: i64) -> Result<Setting, String> {
    if let Ok(number) = integer.try_into() {
        return Ok(Setting::Number(number));
    }
    let read = key
        .parameter()
        .read(&Written::Integer(integer.into()), Place(0));
    read.map_err(|mut findings| findings.swap_remove(0).problem.message)
}

impl JsonValue for Option<Setting> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Setting::to_json)
    }

    fn from_json(key: Key, value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            value => Setting::from_json(key, value).map(Some),
        }
    }
}

impl<V: JsonValue> Serialize for Parameters<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.known.len() + self.later.len()))?;
        for (key, value) in self.json() {
            map.serialize_entry(key.as_str(), &value)?;
        }
        map.end()
    }
}

impl<'de, V: JsonValue> Deserialize<'de> for Parameters<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
