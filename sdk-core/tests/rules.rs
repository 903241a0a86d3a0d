//! Rules that have more cases than can be listed.

use machinist_core::attribute::{Arg, ArgValue, Attribute, Place, Value};
use machinist_core::built_in::{self, MACHINE_TYPES};
use machinist_core::catalogue::Catalogue;
use machinist_core::check::check;
use machinist_core::fitting::{fitting, meets, with_more_gpus};
use machinist_core::machine_types::unknown_machine_type;
use machinist_core::parameter::{Group, Kind, PARAMETERS};
use machinist_core::requirement::REQUIREMENTS;
use machinist_core::unit::{BANDWIDTH, DURATION, SIZE};
use machinist_core::{name, suggest};
use proptest::prelude::*;

fn arg(key: &str, value: Value) -> Arg {
    Arg {
        key: key.into(),
        key_place: Place(1),
        value: ArgValue::Value(value, Place(2)),
    }
}

fn attribute(args: Vec<Arg>) -> Attribute {
    Attribute {
        place: Place(0),
        args,
        unreadable: false,
        item_name: "App".into(),
        item_name_place: Place(9),
    }
}

/// A value, read from its text in an attribute.
fn value(text: &str) -> Value {
    match (text.parse(), text.strip_prefix('[')) {
        (Ok(number), _) => Value::Integer(number),
        _ if text == "true" => Value::Bool(true),
        _ if text.parse::<f64>().is_ok() => Value::Number(text.into()),
        (_, Some(list)) => Value::List(vec![(value(list.trim_end_matches(']')), Place(3))]),
        _ => Value::Text(text.trim_matches('"').into()),
    }
}

#[test]
fn every_parameter_takes_its_example() {
    for parameter in PARAMETERS {
        let read = parameter.read(&value(&parameter.kind.example()), Place(0));
        assert!(read.is_ok(), "{}: {read:?}", parameter.key.as_str());
    }
}

#[test]
fn every_range_includes_both_ends_and_nothing_beyond() {
    for parameter in PARAMETERS {
        let (Kind::Number(min, end) | Kind::Seconds(min, end)) = parameter.kind else {
            continue;
        };
        let max = parameter.highest(end);
        let reads = |n: i128| parameter.read(&Value::Integer(n), Place(0)).is_ok();
        let (min, max) = (i128::from(min), i128::from(max));
        assert!(reads(min) && reads(max), "{}", parameter.key.as_str());
        assert!(
            !reads(min - 1) && !reads(max + 1),
            "{}",
            parameter.key.as_str()
        );
    }
}

/// The argument to write instead of this one in a group, or outside of all groups.
fn corrected(group: Option<&str>, key: &str, value: Value) -> String {
    let mistake = arg(key, value);
    let argument = match group {
        None => mistake,
        Some(group) => Arg {
            value: ArgValue::Group(vec![mistake]),
            ..arg(group, Value::Bool(true))
        },
    };
    let machine = arg("machine_type", Value::Text("GPU-H100".into()));
    let errors = check(&attribute(vec![machine, argument]), &Catalogue::built_in()).errors;
    let help = errors[0].problem.help.clone().unwrap_or_default();
    help.trim_start_matches("write ").trim_matches('`').into()
}

#[test]
fn a_misspelt_key_is_corrected_and_its_value_kept() {
    let text = |text: &str| Value::Text(text.into());
    for (group, key, given, written) in [
        (
            "scaling",
            "keepalive",
            text("5 min"),
            r#"keep_alive = "5m""#,
        ),
        ("scaling", "keepalive", text("5m"), r#"keep_alive = "5m""#),
        ("requires", "gpu_memory", text("24gb"), r#"vram = "24 GB""#),
        (
            "requires",
            "gpu_memory",
            Value::Integer(24),
            r#"vram = "24 GB""#,
        ),
    ] {
        assert_eq!(corrected(Some(group), key, given), written);
    }
}

#[test]
fn keys_are_unique() {
    let mut keys: Vec<&str> = PARAMETERS
        .iter()
        .map(|parameter| parameter.key.as_str())
        .collect();
    keys.extend(REQUIREMENTS.iter().map(|requirement| requirement.key));
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn machine_types_are_ordered_by_size() {
    for (i, larger) in MACHINE_TYPES.iter().enumerate() {
        for smaller in &MACHINE_TYPES[..i] {
            assert!(
                smaller.size() < larger.size(),
                "{} {}",
                smaller.name,
                larger.name
            );
        }
    }
}

proptest! {
    #[test]
    fn a_duration_is_read_as_it_is_shown(seconds in 0..700_000u32) {
        prop_assert_eq!(DURATION.read(&DURATION.show(seconds)), Ok(seconds));
    }

    #[test]
    fn sizes_and_bandwidths_are_read_as_they_are_shown(base in 1..4_000_000u32) {
        prop_assert_eq!(SIZE.read(&SIZE.show(base)), Ok(base));
        prop_assert_eq!(BANDWIDTH.read(&BANDWIDTH.show(base)), Ok(base));
    }

    #[test]
    fn a_corrected_quantity_can_be_read(number in 0..5_000u32, unit in "[a-zA-Z/]{0,5}") {
        let text = format!("{number}{unit}");
        for quantity in [&SIZE, &BANDWIDTH, &DURATION] {
            if let Err(Some(instead)) = quantity.read(&text) {
                prop_assert!(quantity.read(&instead).is_ok(), "{} {}", text, instead);
            }
        }
    }

    #[test]
    fn any_text_as_a_machine_type_has_help_without_control_characters(text in ".*") {
        let is_built_in = built_in::find(&text).is_some();
        let problem = unknown_machine_type(&Catalogue::built_in(), &text);
        prop_assert!(problem.help.is_some());
        prop_assert!(!problem.to_string().chars().any(|c| c.is_control() && c != '\n'));
        prop_assert!(!is_built_in || Catalogue::built_in().similar(&text).is_some());
    }

    #[test]
    fn one_typing_error_in_a_gpu_type_is_corrected(
        index in 5..MACHINE_TYPES.len(), at in any::<prop::sample::Index>(), c in "[A-Z0-9]",
    ) {
        let name = MACHINE_TYPES[index].name;
        let at = 4 + at.index(name.len() - 4);
        let typed = format!("{}{c}{}", &name[..at], &name[at + 1..]);
        // A typing error may make the name of another machine type, or one that is as near to it.
        let similar = Catalogue::built_in().similar(&typed).map(|machine| machine.name);
        prop_assert!(similar.is_some(), "{}", typed);
        let distance = suggest::nearest(&typed, [name]);
        prop_assert_eq!(distance, Some(name));
    }

    #[test]
    fn a_kebab_case_name_stays_the_same(label in "[a-z]([a-z0-9]{0,8}(-[a-z][a-z0-9]{0,8}){0,3})") {
        prop_assert!(name::is_dns_label(&label));
        prop_assert_eq!(name::kebab_case(&label), label);
    }

    #[test]
    fn machine_types_fit_if_they_meet_all_requirements(
        amount in 1..400_000u32, requirement in 0..REQUIREMENTS.len(), gpus in 1..=8u32,
    ) {
        let requirement = &REQUIREMENTS[requirement];
        let required = [(requirement, amount)];
        let all = Catalogue::built_in();
        let fits: Vec<&str> = fitting(&all, gpus, &required).map(|machine| machine.name).collect();
        for machine in MACHINE_TYPES {
            prop_assert_eq!(fits.contains(&machine.name), meets(machine, gpus, &required));
            if let Some(more) = with_more_gpus(machine, gpus, &required) {
                prop_assert!(meets(machine, more, &required));
                prop_assert!(more == gpus + 1 || !meets(machine, more - 1, &required));
            }
        }
    }

    #[test]
    fn only_a_machine_that_misses_a_requirement_is_an_error(
        index in 0..MACHINE_TYPES.len(), gb in 1..300u32,
    ) {
        let machine = &MACHINE_TYPES[index];
        let mut vram = arg("requires", Value::Bool(true));
        vram.value = ArgValue::Group(vec![arg("vram", Value::Text(format!("{gb} GB")))]);
        let args = vec![arg("machine_type", Value::Text(machine.name.into())), vram];
        let checked = check(&attribute(args), &Catalogue::built_in());
        let figures = machine.figures;
        let enough = figures.vram_mb.max(figures.vram_usable_mb.unwrap_or(0)) >= gb * 1000;
        prop_assert_eq!(checked.app.is_some(), enough);
        prop_assert_eq!(checked.errors.len(), usize::from(!enough));
        if let Some(app) = checked.app {
            let smallest = fitting(&Catalogue::built_in(), 1, &app.required).next().unwrap();
            let large = machine.figures.vram_mb >= 2 * smallest.figures.vram_mb;
            prop_assert_eq!(checked.warnings.len(), usize::from(large));
        }
    }

    #[test]
    fn a_misspelt_key_is_corrected_with_a_valid_value(
        index in 0..PARAMETERS.len() + REQUIREMENTS.len(),
        text in "-?[0-9]{0,6}(\\.[0-9])?( ?[a-zA-Z/]{0,6})?",
    ) {
        let (group, key) = match PARAMETERS.get(index) {
            Some(parameter) if parameter.group == Group::Code => (None, parameter.key.as_str()),
            Some(parameter) => (Some("scaling"), parameter.key.as_str()),
            None => (Some("requires"), REQUIREMENTS[index - PARAMETERS.len()].key),
        };
        let given = value(&text);
        let corrected = corrected(group, &format!("{key}_"), given.clone());
        let (key, written) = corrected.split_once(" = ").unwrap();
        let written = value(written);
        let parameter = PARAMETERS.iter().find(|parameter| parameter.key.as_str() == key);
        let requirement = REQUIREMENTS.iter().find(|requirement| requirement.key == key);
        let is_taken = parameter.is_some_and(|parameter| parameter.read(&written, Place(0)).is_ok())
            || requirement.is_some_and(|requirement| requirement.read(&written).is_ok());
        prop_assert!(is_taken, "{} of {}", corrected, given);
    }

    #[test]
    fn every_key_at_the_wrong_level_is_corrected(index in 0..PARAMETERS.len()) {
        let parameter = &PARAMETERS[index];
        let written = arg(parameter.key.as_str(), value(&parameter.kind.example()));
        let machine = arg("machine_type", Value::Text("GPU-H100".into()));
        let args = match parameter.group {
            Group::Scaling => vec![machine, written],
            Group::Code => {
                let mut group = arg("scaling", Value::Bool(true));
                group.value = ArgValue::Group(vec![written]);
                vec![machine, group]
            }
        };
        let errors = check(&attribute(args), &Catalogue::built_in()).errors;
        prop_assert_eq!(errors.len(), 1, "{:?}", errors);
        let help = errors[0].problem.help.clone().unwrap();
        prop_assert!(help.contains(parameter.key.as_str()), "{}", help);
    }
}
