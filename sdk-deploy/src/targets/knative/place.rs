//! The place of services: a context of `kubectl`, and a namespace.

use serde::Deserialize;

use super::settings::KnativeSettings;

/// The namespace of a context that names none.
const DEFAULT_NAMESPACE: &str = "default";

/// The configuration of `kubectl`.
#[derive(Deserialize)]
struct Config {
    #[serde(default, rename = "current-context")]
    current_context: String,
    #[serde(default)]
    contexts: Option<Vec<NamedContext>>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    namespace: Option<String>,
}

/// A place as text; `None` if nothing of it is known.
pub(super) fn text(context: Option<&str>, namespace: Option<&str>) -> Option<String> {
    let context = context.map(|name| format!("context {name}"));
    let namespace = namespace.map(|name| format!("namespace {name}"));
    let all: Vec<String> = context.into_iter().chain(namespace).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// The place according to the settings and the configuration of `kubectl`; `None` if they leave it
/// open, as they do within a cluster.
pub(super) fn read(config: &str, settings: &KnativeSettings) -> Option<String> {
    let config: Config = serde_json::from_str(config).ok()?;
    let name = settings.context.as_deref();
    let name = name.unwrap_or(&config.current_context);
    let contexts = config.contexts.as_deref().unwrap_or_default();
    let context = contexts.iter().find(|context| context.name == name)?;
    let namespace = settings.namespace.as_ref();
    let namespace = namespace.or(context.context.namespace.as_ref());
    let namespace = namespace.map_or(DEFAULT_NAMESPACE, |name| &**name);
    text(Some(name), Some(namespace))
}
