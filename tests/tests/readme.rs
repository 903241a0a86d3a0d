//! The reference in the README and in the documentation is made from the tables of `sdk-core`.
//! `MACHINIST_BLESS=1` writes it anew.

use std::fmt::Write as _;

use machinist_core::parameter::{self, Group, Kind, PARAMETERS, Parameter};
use machinist_core::requirement::{REQUIREMENTS, Unit};
use machinist_core::unit::{DURATION, Quantity};
use machinist_tests::{read, repository, write};

const BEGIN: &str = "<!-- made from sdk-core -->\n";
const END: &str = "<!-- end -->\n";

fn reference() -> String {
    let mut out = String::from("\n| key | takes | what it means |\n|---|---|---|\n");
    row(
        &mut out,
        "`name`",
        "a DNS label",
        "The app's name; without it the item's in kebab-case, for `fn main` the binary's.",
    );
    for parameter in PARAMETERS
        .iter()
        .filter(|parameter| parameter.group == Group::Code)
    {
        parameter_row(&mut out, parameter);
    }
    row(
        &mut out,
        "`requires(...)`",
        "a group",
        "What the app needs of every machine that it lists.",
    );
    for requirement in REQUIREMENTS {
        let takes = match requirement.unit {
            Unit::Quantity(quantity) => quantity_words(quantity),
            Unit::Millicores => "a number".into(),
            Unit::Count => "a whole number".into(),
            Unit::Flag => "`true` or `false`".into(),
        };
        row(
            &mut out,
            &format!("… `{}`", requirement.key),
            &takes,
            requirement.doc,
        );
    }
    row(
        &mut out,
        "`scaling(...)`",
        "a group",
        "The first deploy's values of what can be tuned.",
    );
    for parameter in PARAMETERS
        .iter()
        .filter(|parameter| parameter.group == Group::Scaling)
    {
        parameter_row(&mut out, parameter);
    }
    row(
        &mut out,
        "`crate`",
        "a path",
        "Where the `machinist` crate is, for those who re-export it: `crate = my_framework::machinist`.",
    );
    out.push('\n');
    out
}

fn parameter_row(out: &mut String, parameter: &Parameter) {
    let key = match parameter.group {
        Group::Code => format!("`{}`", parameter.key),
        Group::Scaling => format!("… `{}`", parameter.key),
    };
    let takes = match parameter.kind {
        Kind::Number(min, max) => format!("{min} to {max}"),
        Kind::Seconds(min, max) => format!("{} to {}", DURATION.show(min), DURATION.show(max)),
        Kind::MachineTypes => "a name or a list of names".into(),
        Kind::Path => "a path".into(),
        Kind::Regions => format!("a list of {}", parameter::REGIONS.join(", ")),
    };
    let default = match (parameter.platform_default, parameter.kind) {
        (None, _) => String::new(),
        (Some(default), Kind::Seconds(..)) => {
            format!(" Platform default: {}.", DURATION.show(default))
        }
        (Some(default), _) => format!(" Platform default: {default}."),
    };
    row(out, &key, &takes, &format!("{}{default}", parameter.doc));
}

fn quantity_words(quantity: &Quantity) -> String {
    format!("{}: `{:?}`", quantity.what, quantity.example)
}

fn row(out: &mut String, key: &str, takes: &str, meaning: &str) {
    writeln!(out, "| {key} | {takes} | {meaning} |").unwrap();
}

fn assert_has_reference(file: &str) {
    let path = repository().join(file);
    let text = read(&path).replace("\r\n", "\n");
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let expected = reference();
    if std::env::var_os("MACHINIST_BLESS").is_some() {
        write(&path, &format!("{before}{BEGIN}{expected}{END}{after}"));
    } else {
        assert_eq!(
            found, expected,
            "{file}: write it anew with MACHINIST_BLESS=1"
        );
    }
}

#[test]
fn the_readme_has_the_reference() {
    assert_has_reference("README.md");
}

#[test]
fn the_documentation_of_the_attribute_has_the_reference() {
    assert_has_reference("sdk/src/attribute.md");
}
