//! Who has a service: the managers of its fields.
//!
//! Kubernetes notes for each manager which fields it owns. The service's own controllers write its
//! status, which is a subresource.

use serde_json::Value;

/// The field manager of the code's values.
pub(super) const CODE_MANAGER: &str = "machinist";
/// The field manager of the scaling.
pub(super) const SCALING_MANAGER: &str = "machinist-scaling";

/// Whether our first deploy of a service broke off between its commands. The manager of the scaling
/// has the code's fields only until the last of them.
pub(super) fn is_half_created(service: &Value) -> bool {
    let mut entries = entries(service);
    entries.any(|entry| entry["manager"] == SCALING_MANAGER && applied_containers(entry))
}

/// Whether the containers are as our last deploy applied them: who changes a list owns it from then
/// on. `false` if the managers are not known.
pub(super) fn has_our_containers(service: &Value) -> bool {
    let mut entries = entries(service);
    entries.any(|entry| entry["manager"] == CODE_MANAGER && applied_containers(entry))
}

/// Whether a manager applied the containers, and nobody changed them since.
fn applied_containers(entry: &Value) -> bool {
    let pod = &entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"];
    entry["operation"] == "Apply" && !pod["f:containers"].is_null()
}

/// Whether somebody else has a service; not, if the managers are not known.
pub(super) fn is_foreign(service: &Value) -> bool {
    let mut managers = entries(service).peekable();
    managers.peek().is_some()
        && !managers.any(|entry| entry["manager"] == CODE_MANAGER)
        && !is_half_created(service)
}

/// The names of a service's managers.
pub(super) fn names(service: &Value) -> Option<String> {
    let mut names: Vec<&str> = entries(service)
        .filter_map(|entry| entry["manager"].as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The entries of those who own fields other than the status.
fn entries(service: &Value) -> impl Iterator<Item = &Value> {
    let entries = service["metadata"]["managedFields"].as_array();
    let is_of_object = |entry: &&Value| match entry["subresource"].as_str() {
        None | Some("") => true,
        Some(_) => false,
    };
    entries.into_iter().flatten().filter(is_of_object)
}
