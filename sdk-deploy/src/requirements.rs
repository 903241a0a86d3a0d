//! What an app requires of its machine and of its deploy, typed.

use machinist_core::keys::ENV;
use machinist_core::requirement::{self, Required};
use machinist_core::variable;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Requirements with their amounts, in the order of the manifest.
///
/// ```
/// use machinist_deploy::Requirements;
///
/// let requires: Requirements = serde_json::from_str(r#"{"vram": 120000}"#)?;
/// let (what, amount) = requires.iter().next().unwrap();
/// assert_eq!(what.unit().show(amount), "120 GB");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    known: Vec<Required>,
    /// The environment variables that a deploy must give.
    env: Vec<String>,
    /// Requirements of later versions, as they were written.
    later: Map<String, Value>,
}

impl Requirements {
    /// Whether nothing is required.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.env.is_empty() && self.later.is_empty()
    }

    /// The environment variables that a deploy must give the app.
    pub fn env(&self) -> &[String] {
        &self.env
    }

    /// The requirements of this version with their amounts, in their units.
    pub fn iter(&self) -> impl Iterator<Item = Required> {
        self.known.iter().copied()
    }

    /// The amount of a requirement, in its unit.
    pub(crate) fn amount(&self, key: &str) -> Option<u32> {
        let (_, amount) = self.iter().find(|(what, _)| what.key == key)?;
        Some(amount)
    }

    /// The requirements of these keys.
    pub(crate) fn only(&self, keys: &[&str]) -> Self {
        let known = self.iter().filter(|(what, _)| keys.contains(&what.key));
        Self {
            known: known.collect(),
            env: Vec::new(),
            later: Map::new(),
        }
    }

    /// The requirements as text; `None` if nothing is required.
    pub(crate) fn text(&self) -> Option<String> {
        let text = |(what, amount): Required| format!("{} {}", what.key, what.unit().show(amount));
        let texts: Vec<String> = self.iter().map(text).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }

    /// The keys of later versions.
    pub fn later_keys(&self) -> impl Iterator<Item = &str> {
        self.later.keys().map(String::as_str)
    }
}

impl PartialEq for Requirements {
    fn eq(&self, other: &Self) -> bool {
        let keyed = |all: &Self| -> Vec<_> {
            let known = all.iter();
            known.map(|(what, amount)| (what.key, amount)).collect()
        };
        keyed(self) == keyed(other) && self.env == other.env && self.later == other.later
    }
}

impl Eq for Requirements {}

impl Serialize for Requirements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (what, amount) in self.iter() {
            // What a unit writes is JSON.
            let value: Value = serde_json::from_str(&what.unit().json(amount)).unwrap_or_default();
            map.serialize_entry(what.key, &value)?;
        }
        if !self.env.is_empty() {
            map.serialize_entry(ENV, &self.env)?;
        }
        for (key, value) in &self.later {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Requirements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut requirements = Self::default();
        for (key, value) in Map::<String, Value>::deserialize(deserializer)? {
            if key == ENV {
                requirements.env = read_names(value).map_err(D::Error::custom)?;
                continue;
            }
            let Some(what) = requirement::find(&key) else {
                requirements.later.insert(key, value);
                continue;
            };
            let amount = what.unit().from_json(&value.to_string());
            let amount = amount.ok_or_else(|| {
                D::Error::custom(format!("`{key}` is not in the manifest's form: {value}"))
            })?;
            requirements.known.push((what, amount));
        }
        Ok(requirements)
    }
}

/// The names of environment variables, by the rules of the attribute.
fn read_names(value: Value) -> Result<Vec<String>, String> {
    let invalid = || format!("`{ENV}` is not in the manifest's form: {value}");
    let names: Vec<String> = serde_json::from_value(value.clone()).map_err(|_| invalid())?;
    match names.iter().all(|name| variable::is_name(name)) {
        true => Ok(names),
        false => Err(invalid()),
    }
}
