//! The formats that others may read: records, and the members of documents.

use std::fmt::Write as _;

use machinist_core::record::{self, MACHO_SECTION, SECTION};
use machinist_deploy::{kept_plan_schema, manifest_schema};
use serde_json::Value;

use crate::table::{NOTHING, block, code, table};

/// Where records stand in each format of files.
pub(crate) fn sections() -> String {
    let (segment, section) = MACHO_SECTION;
    let rows = [
        ("ELF", code(SECTION)),
        (
            "Mach-O, fat files too",
            format!("{} in the segment {}", code(section), code(segment)),
        ),
        ("PE and COFF", code(SECTION)),
        ("wasm", format!("the custom section {}", code(SECTION))),
    ];
    table(
        ["format", "section"],
        rows.map(|(format, section)| [format.into(), section]),
    )
}

/// A small frame, byte by byte.
pub(crate) fn frame() -> String {
    let frame = record::encode(r#"{"name":"llm"}"#).unwrap();
    let mut out = String::new();
    for (row, bytes) in frame.chunks(16).enumerate() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
        let text = bytes.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        writeln!(
            out,
            "{:04x}  {hex:<48} {}",
            row * 16,
            text.collect::<String>()
        )
        .unwrap();
    }
    block("text", &out)
}

/// The members of a document: of the whole, of one of the definitions of its schema, or of a member
/// of one, as `App.code`.
pub(crate) fn members(which: &str) -> Option<String> {
    let schemas = [manifest_schema(), kept_plan_schema()];
    let (definition, member) = which.split_once('.').unwrap_or((which, ""));
    let mut object = schemas.iter().find_map(|schema| {
        let is_whole = schema["title"] == definition;
        is_whole
            .then_some(schema)
            .or_else(|| schema["$defs"].get(definition))
    })?;
    if !member.is_empty() {
        object = object["properties"].get(member)?;
    }
    let required: Vec<&str> = object["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let rows = object["properties"]
        .as_object()?
        .iter()
        .map(|(key, member)| {
            let always = if required.contains(&&**key) {
                "yes"
            } else {
                NOTHING
            };
            let meaning = member["description"].as_str().unwrap_or_default();
            [code(key), kind(member), always.into(), meaning.into()]
        });
    Some(table(["member", "type", "always there", "meaning"], rows))
}

/// The type of a member, in words.
fn kind(member: &Value) -> String {
    if let Some(reference) = member["$ref"].as_str() {
        return code(reference.rsplit('/').next().unwrap_or_default());
    }
    let kind = match &member["type"] {
        // A type, or `null` where there is none.
        Value::Array(kinds) => &kinds[0],
        kind => kind,
    };
    let kind = kind.as_str().unwrap_or("number");
    match (kind, member["unit"].as_str()) {
        ("array", _) if member["items"]["enum"].is_array() => "array of string".into(),
        ("array", _) => format!("array of {}", self::kind(&member["items"])),
        (kind, Some(unit)) => format!("{kind}, in {unit}"),
        (kind, None) => kind.into(),
    }
}
