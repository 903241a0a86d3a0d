//! Documents as YAML.

use machinist_core::json;
use serde_json::Value;

/// A document as YAML: as JSON, which is YAML with every text in quotes. Which texts need none
/// differs between parsers: to PyYAML `on` is a truth, `12:30` a number, and `2026-01-01` a day.
pub(super) fn yaml(document: &Value) -> String {
    json::indent(&document.to_string()) + "\n"
}
