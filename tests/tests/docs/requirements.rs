//! The keys of `requires(...)`, from the table in `sdk-core`.

use machinist_core::keys::ENV;
use machinist_core::requirement::{REQUIREMENTS, Requirement};
use machinist_core::unit::Unit;
use machinist_core::variable;

use crate::table::{code, table};

/// Every requirement.
pub(crate) fn requirements() -> String {
    let env = [
        code(ENV),
        variable::TAKES.trim_start_matches("the ").into(),
        code(&format!("{ENV} = {}", variable::EXAMPLE)),
        variable::DOC.into(),
    ];
    let rows = REQUIREMENTS.iter().map(row).chain([env]);
    table(["key", "type", "for instance", "meaning"], rows)
}

fn row(what: &Requirement) -> [String; 4] {
    let (kind, value) = as_written(what.unit());
    let example = code(&format!("{} = {value}", what.key));
    [code(what.key), kind, example, what.doc.into()]
}

/// What an amount is, in words, and one as it is written.
fn as_written(unit: Unit) -> (String, String) {
    match unit {
        Unit::Quantity(quantity) => {
            let kind = quantity.what.trim_start_matches("a ");
            (kind.into(), format!("{:?}", quantity.example))
        }
        Unit::Decimal { .. } => ("number".into(), "1.5".into()),
        Unit::Count => ("whole number".into(), "1".into()),
        Unit::Gpus => ("whole number".into(), "8".into()),
        Unit::Flag => ("`true` or `false`".into(), "true".into()),
        Unit::Words(words) => {
            let kind = format!("one or several of {}", words.all.join(", "));
            (kind, format!("{:?}", words.all[1]))
        }
    }
}
