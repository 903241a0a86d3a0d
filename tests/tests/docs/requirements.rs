//! The keys of `requires(...)`, from the table in `sdk-core`.

use machinist_core::requirement::{REQUIREMENTS, Requirement, Unit};

use crate::table::{code, table};

/// Every requirement.
pub(crate) fn requirements() -> String {
    table(
        ["key", "type", "for instance", "meaning"],
        REQUIREMENTS.iter().map(row),
    )
}

fn row(what: &Requirement) -> [String; 4] {
    let (kind, example) = match what.unit {
        Unit::Quantity(quantity) => {
            let kind = quantity.what.trim_start_matches("a ");
            (kind, format!("{:?}", quantity.example))
        }
        Unit::Millicores => ("number", "1.5".into()),
        Unit::Count => ("whole number", "1".into()),
        Unit::Flag => ("`true` or `false`", "true".into()),
    };
    let example = code(&format!("{} = {example}", what.key));
    [code(what.key), kind.into(), example, what.doc.into()]
}
