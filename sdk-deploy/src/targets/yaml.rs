//! Documents as YAML.

use machinist_core::json;
use serde_json::Value;

/// A document as YAML. It is JSON, which is YAML with every text in quotes. Parsers differ in which
/// texts need no quotes: PyYAML reads `on` as a boolean, `12:30` as a number, and `2026-01-01` as a
/// date.
pub(super) fn yaml(document: &Value) -> String {
    json::indent(&document.to_string()) + "\n"
}
