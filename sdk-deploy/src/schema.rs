//! The JSON Schema of parameters and requirements, made from their tables.

use machinist_core::keys::{ENV, PATH};
use machinist_core::parameter::{GPU_LIMIT, Group, Key, Kind, PARAMETERS, Parameter, REGIONS};
use machinist_core::requirement::REQUIREMENTS;
use machinist_core::unit::Unit;
use machinist_core::variable;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The schema of an app's code parameters.
pub(crate) fn code(_: &mut SchemaGenerator) -> Schema {
    parameters(Group::Code, &[Key::MachineType.as_str()])
}

/// The schema of an app's scaling parameters.
pub(crate) fn scaling(_: &mut SchemaGenerator) -> Schema {
    parameters(Group::Scaling, &[])
}

/// The schema of an app's requirements.
pub(crate) fn requires(_: &mut SchemaGenerator) -> Schema {
    let property = |unit: Unit| {
        let mut amount = amount(unit);
        // Nothing is not a requirement.
        match unit {
            Unit::Quantity(_) | Unit::Count => amount["minimum"] = 1.into(),
            Unit::Decimal { .. } => amount["exclusiveMinimum"] = 0.into(),
            Unit::Gpus | Unit::Flag | Unit::Words(_) => {}
        }
        amount
    };
    let properties = REQUIREMENTS
        .iter()
        .map(|what| (what.key, what.doc, property(what.unit())));
    let env = json!({
        "type": "array",
        "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "minItems": 1, "uniqueItems": true,
    });
    object(properties.chain([(ENV, variable::DOC, env)]), &[])
}

/// The schema of an amount in this unit.
pub(crate) fn amount(unit: Unit) -> Value {
    match unit {
        Unit::Quantity(quantity) => {
            let (base, _) = quantity.units[0];
            json!({"type": "integer", "minimum": 0, "unit": base})
        }
        Unit::Count => json!({"type": "integer", "minimum": 0}),
        Unit::Gpus => json!({"type": "integer", "minimum": 1, "maximum": GPU_LIMIT}),
        Unit::Decimal { .. } => json!({"type": "number"}),
        Unit::Flag => json!({"type": "boolean"}),
        Unit::Words(words) => json!({
            "type": "array", "items": {"enum": words.all}, "minItems": 1, "uniqueItems": true,
        }),
    }
}

fn parameters(group: Group, required: &[&str]) -> Schema {
    let property = |what: &Parameter| match what.kind {
        Kind::MachineTypes => json!({
            "type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true,
        }),
        Kind::Number(min, max) => {
            json!({"type": "integer", "minimum": min, "maximum": what.highest(max)})
        }
        Kind::Seconds(min, max) => {
            json!({"type": "integer", "minimum": min, "maximum": max, "unit": "s"})
        }
        Kind::Path => json!({
            "type": "object",
            "properties": {PATH: {"type": "string", "pattern": "^/"}},
            "required": [PATH],
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
        of_group.map(|what| (what.key.as_str(), what.doc, property(what))),
        required,
    )
}

pub(crate) fn object(
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
