//! What a deploy gives an app by name: environment variables, secrets, volumes, and the credentials
//! that its image is pulled with.

use std::collections::{BTreeMap, BTreeSet};

use machinist_core::problem::Problem;
use machinist_core::text::visible;
use machinist_core::variable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a deploy gives an app by name. Of secrets and credentials there are only names: their
/// values are in the platform, or in the environment of whoever deploys.
///
/// ```
/// use machinist_deploy::Bindings;
///
/// let bindings = Bindings { secrets: ["HF_TOKEN".into()].into(), ..Bindings::default() };
/// assert!(bindings.gives("HF_TOKEN") && !bindings.gives("RUST_LOG"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bindings {
    /// Environment variables with their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The names of environment variables with secret values.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// The platform's names of volumes, by the paths where the app finds them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, String>,
    /// The name of the credentials that the image is pulled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_credentials: Option<String>,
}

impl Bindings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the app gets this environment variable.
    pub fn gives(&self, variable: &str) -> bool {
        self.env.contains_key(variable) || self.secrets.contains(variable)
    }

    /// Each variable and each volume from the first of these that has it.
    #[must_use]
    pub(crate) fn first_of<'a>(nearest: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for near in nearest {
            let known = all.clone();
            let is_new = |name: &&String| !known.gives(name);
            let secrets = near.secrets.iter().filter(is_new);
            all.secrets.extend(secrets.cloned());
            let env = near.env.iter().filter(|(name, _)| is_new(name));
            all.env
                .extend(env.map(|(name, value)| (name.clone(), value.clone())));
            for (path, name) in &near.volumes {
                all.volumes
                    .entry(path.clone())
                    .or_insert_with(|| name.clone());
            }
            if all.registry_credentials.is_none() {
                all.registry_credentials
                    .clone_from(&near.registry_credentials);
            }
        }
        all
    }

    /// Checks what a file says that somebody may have edited.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let mut names = self.env.keys().chain(&self.secrets);
        names.try_for_each(|name| variable::check_name(name))?;
        self.env
            .iter()
            .try_for_each(|(name, value)| check_value(name, value))?;
        for (path, name) in &self.volumes {
            check_path(path)?;
            check_name("volume", name)?;
        }
        let mut credentials = self.registry_credentials.iter();
        credentials.try_for_each(|name| check_name("registry's credentials", name))
    }
}

/// Checks the value of an environment variable.
pub(crate) fn check_value(name: &str, value: &str) -> Result<(), Problem> {
    match value.contains('\0') {
        true => Err(Problem::new(format!(
            "the value of `{name}` has a zero byte, which no environment variable can have"
        ))),
        false => Ok(()),
    }
}

/// Checks the path of a volume.
pub(crate) fn check_path(path: &str) -> Result<(), Problem> {
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let parts = path.strip_prefix('/');
    match parts.is_some_and(|parts| parts.split('/').all(is_part)) && path.chars().all(is_plain) {
        true => Ok(()),
        false => Err(Problem::new(format!(
            "a volume cannot be at the path `{}`",
            visible(path)
        ))
        .help("write a path like `/data`, of letters, digits, `-`, `_` and `.`")),
    }
}

/// Checks a name that a platform has for something.
pub(crate) fn check_name(of: &str, name: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match name.chars().all(is_plain)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    {
        true => Ok(()),
        false => Err(
            Problem::new(format!("invalid name of a {of}: `{}`", visible(name)))
                .help("a name has letters, digits, `-`, `_` and `.`"),
        ),
    }
}
