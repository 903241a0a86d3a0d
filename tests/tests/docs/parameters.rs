//! The keys of the attribute, from the table of parameters in `sdk-core`.

use machinist_core::parameter::{Group, Kind, PARAMETERS, Parameter, REGIONS};
use machinist_core::unit::DURATION;
use machinist_deploy::{Project, target};

use crate::table::{NOTHING, code, table};

const HEADS: [&str; 5] = ["key", "type", "range", "default", "meaning"];

/// The parameters of the group `code` or `scaling`.
pub(crate) fn parameters(group: &str) -> Option<String> {
    let group = match group {
        "code" => Group::Code,
        "scaling" => Group::Scaling,
        _ => return None,
    };
    let parameters = PARAMETERS.iter().filter(|it| it.group == group);
    Some(table(HEADS, parameters.map(row)))
}

/// How a target carries each parameter.
pub(crate) fn carried(name: &str) -> Option<String> {
    let target = target(name, Project::default()).ok()?;
    let row = |parameter: &Parameter| {
        let key = parameter.key;
        [code(key.as_str()), target.carries(key).words()]
    };
    let commit = match target.commit_place() {
        Some(place) => format!("in {place}"),
        None => "no: the platform would restart the app for it; the state has it".into(),
    };
    let commit = ["the commit".into(), commit];
    Some(table(
        ["parameter", "is carried"],
        PARAMETERS.iter().map(row).chain([commit]),
    ))
}

/// The keys that are no parameters.
pub(crate) fn other_keys() -> String {
    let rows = [
        [
            "name",
            "text",
            "a DNS label",
            "the item's name in kebab-case; of `fn main` the binary's",
            "The app's name.",
        ],
        [
            "requires(...)",
            "group",
            NOTHING,
            NOTHING,
            "What every listed machine type must have.",
        ],
        [
            "scaling(...)",
            "group",
            NOTHING,
            NOTHING,
            "The scaling parameters of the first deploy.",
        ],
        [
            "crate",
            "path",
            NOTHING,
            "`::machinist`",
            "Where the `machinist` crate is, for those who re-export it: `crate = my_framework::machinist`.",
        ],
    ];
    let rows = rows.map(|[key, kind, range, default, meaning]| {
        [&code(key), kind, range, default, meaning].map(str::to_owned)
    });
    table(HEADS, rows)
}

fn row(parameter: &Parameter) -> [String; 5] {
    let (kind, range) = match parameter.kind {
        Kind::Number(min, max) => ("whole number", format!("{min} to {max}")),
        Kind::Seconds(min, max) => {
            let range = format!("{} to {}", DURATION.show(min), DURATION.show(max));
            ("duration", range)
        }
        Kind::MachineTypes => ("name, or list of names", "the catalogue".into()),
        Kind::Path => ("text", "begins with `/`".into()),
        Kind::Regions => ("name, or list of names", REGIONS.join(", ")),
    };
    let default = match (parameter.platform_default, parameter.kind) {
        (None, _) => NOTHING.into(),
        (Some(default), Kind::Seconds(..)) => DURATION.show(default),
        (Some(default), _) => default.to_string(),
    };
    [
        code(parameter.key.as_str()),
        kind.into(),
        range,
        default,
        parameter.doc.into(),
    ]
}
