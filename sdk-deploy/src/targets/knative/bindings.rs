//! Environment variables, secrets, volumes and credentials in a Knative service.

use std::collections::{BTreeMap, BTreeSet};

use machinist_core::problem::{Problem, joined};
use serde_json::{Map, Value, json};

use super::parameters::PLATFORM;
use super::settings::KnativeSettings;
use crate::bindings::Bindings;

/// Variables that Knative sets itself, and refuses in a service.
const RESERVED: [&str; 4] = ["PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"];

/// The bindings of an app, with the names that the cluster has for them.
pub(super) struct ClusterBindings<'a> {
    pub(super) app: &'a str,
    pub(super) bindings: &'a Bindings,
    pub(super) settings: &'a KnativeSettings,
}

/// The object of a secret, and the key of its value.
#[derive(Clone, Copy)]
struct SecretKey<'a> {
    object: &'a str,
    key: &'a str,
}

impl<'a> ClusterBindings<'a> {
    /// Checks that Knative takes the variables.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Some(name) = RESERVED.iter().find(|name| self.bindings.gives(name)) else {
            return Ok(());
        };
        let problem = Problem::new(format!(
            "{PLATFORM} sets the environment variable `{name}` itself, and `{}` is given another one",
            self.app
        ));
        Err(match *name {
            "PORT" => {
                problem.help("remove it, and write the port into the attribute: `port = 8080`")
            }
            _ => problem.help("give the variable another name"),
        })
    }

    /// Where the value of a secret is. Unless the settings say it, it is in an object with the app's
    /// name, under the name of the variable.
    fn secret_key(&self, variable: &'a str) -> SecretKey<'a> {
        let set = self.settings.secrets.get(variable);
        let (object, key) = match set.map(|set| set.split_once('/').unwrap_or((set, variable))) {
            Some(set) => set,
            None => (self.app, variable),
        };
        SecretKey { object, key }
    }

    /// The variables of the container, by name.
    pub(super) fn variables(&self) -> BTreeMap<&'a str, Value> {
        let env = self.bindings.env.iter().map(|(name, value)| {
            let value = json!({"name": name, "value": not_expanded(value)});
            (&**name, value)
        });
        let secrets = self.bindings.secrets.iter().map(|name| {
            let SecretKey { object, key } = self.secret_key(name);
            let source = json!({"secretKeyRef": {"name": object, "key": key}});
            (&**name, json!({"name": name, "valueFrom": source}))
        });
        env.chain(secrets).collect()
    }

    /// The fields of the container.
    pub(super) fn container_fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let variables: Vec<Value> = self.variables().into_values().collect();
        if !variables.is_empty() {
            fields.insert("env".into(), variables.into());
        }
        let mounts = self.bindings.volumes.keys().enumerate();
        let mounts =
            mounts.map(|(number, path)| json!({"name": volume(number), "mountPath": path}));
        let mounts: Vec<Value> = mounts.collect();
        if !mounts.is_empty() {
            fields.insert("volumeMounts".into(), mounts.into());
        }
        fields
    }

    /// The fields of the pod.
    pub(super) fn pod_fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let volumes = self.bindings.volumes.values().enumerate();
        let volumes = volumes.map(|(number, claim)| {
            json!({"name": volume(number), "persistentVolumeClaim": {"claimName": claim}})
        });
        let volumes: Vec<Value> = volumes.collect();
        if !volumes.is_empty() {
            fields.insert("volumes".into(), volumes.into());
        }
        if let Some(name) = &self.bindings.registry_credentials {
            fields.insert("imagePullSecrets".into(), json!([{"name": name}]));
        }
        fields
    }

    /// What the cluster must have.
    pub(super) fn needs(&self) -> Vec<String> {
        let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in &self.bindings.secrets {
            let SecretKey { object, key } = self.secret_key(name);
            keys.entry(object).or_default().insert(key);
        }
        let secrets = keys.into_iter().map(|(object, keys)| {
            let keys: Vec<String> = keys.into_iter().map(|key| format!("`{key}`")).collect();
            let word = if keys.len() == 1 { "key" } else { "keys" };
            format!(
                "the Secret `{object}` in the namespace, with the {word} {}",
                joined(keys, "and")
            )
        });
        let mut needs: Vec<String> = secrets.collect();
        let claims: BTreeSet<&String> = self.bindings.volumes.values().collect();
        if !claims.is_empty() {
            let features = ["claim", "write"];
            needs.extend(features.map(|feature| {
                format!(
                    "`kubernetes.podspec-persistent-volume-{feature}: enabled` in Knative's \
                     config-features"
                )
            }));
        }
        needs.extend(
            claims
                .iter()
                .map(|claim| format!("the persistent volume claim `{claim}` in the namespace")),
        );
        needs.extend(self.bindings.registry_credentials.iter().map(|name| {
            format!(
                "the Secret `{name}` in the namespace, of the type `kubernetes.io/dockerconfigjson`"
            )
        }));
        needs
    }

    /// What the settings say of the places of secrets, if they say it of some that are sent.
    pub(super) fn secrets_sent(&self) -> Map<String, Value> {
        let set = self.settings.secrets.iter();
        let sent = set.filter(|(name, _)| self.bindings.secrets.contains(*name));
        sent.map(|(name, place)| (name.clone(), place.clone().into()))
            .collect()
    }
}

/// The name of a volume in its pod.
fn volume(number: usize) -> String {
    format!("volume-{number}")
}

/// A value that Kubernetes leaves as it is: it replaces `$(NAME)`, and `$$` by `$`.
fn not_expanded(value: &str) -> String {
    match value.contains("$(") || value.contains("$$") {
        true => value.replace('$', "$$"),
        false => value.into(),
    }
}
