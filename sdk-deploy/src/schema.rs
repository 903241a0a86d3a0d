//! The JSON Schema of parameters and requirements, made from their tables.

use machinist_core::parameter::{Group, Kind, MACHINE_TYPE, PARAMETERS, Parameter, REGIONS};
use machinist_core::requirement::{REQUIREMENTS, Unit};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The schema of an app's code parameters.
pub(crate) fn code(_: &mut SchemaGenerator) -> Schema {
    parameters(Group::Code, &[MACHINE_TYPE])
}

/// The schema of an app's scaling parameters.
pub(crate) fn scaling(_: &mut SchemaGenerator) -> Schema {
    parameters(Group::Scaling, &[])
}

/// The schema of an app's requirements.
pub(crate) fn requires(_: &mut SchemaGenerator) -> Schema {
    let property = |unit| match unit {
        Unit::Quantity(quantity) => {
            let (base, _) = quantity.units[0];
            json!({"type": "integer", "minimum": 1, "unit": base})
        }
        Unit::Count => json!({"type": "integer", "minimum": 1}),
        Unit::Millicores => json!({"type": "number", "exclusiveMinimum": 0}),
        Unit::Flag => json!({"type": "boolean"}),
    };
    let properties = REQUIREMENTS
        .iter()
        .map(|what| (what.key, what.doc, property(what.unit)));
    object(properties, &[])
}

fn parameters(group: Group, required: &[&str]) -> Schema {
    let property = |what: &Parameter| match what.kind {
        Kind::MachineTypes => json!({
            "type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true,
        }),
        Kind::Number(min, max) => {
            json!({"type": "integer", "minimum": min, "maximum": what.most(max)})
        }
        Kind::Seconds(min, max) => {
            json!({"type": "integer", "minimum": min, "maximum": max, "unit": "s"})
        }
        Kind::Path => json!({
            "type": "object",
            "properties": {"path": {"type": "string", "pattern": "^/"}},
            "required": ["path"],
            "additionalProperties": false,
        }),
        Kind::Regions => json!({
            "type": "array", "items": {"enum": REGIONS}, "minItems": 1, "uniqueItems": true,
        }),
    };
    let of_group = PARAMETERS
        .iter()
        .filter(|parameter| parameter.group == group);
    object(
        of_group.map(|what| (what.key, what.doc, property(what))),
        required,
    )
}

fn object(
    properties: impl Iterator<Item = (&'static str, &'static str, Value)>,
    required: &[&str],
) -> Schema {
    let mut described = Map::new();
    for (key, doc, mut property) in properties {
        property["description"] = doc.into();
        described.insert(key.into(), property);
    }
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), described.into());
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema.insert("additionalProperties".into(), false.into());
    schema.into()
}
