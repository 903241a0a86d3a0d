//! The app with every key has every key of the tables. A new key is added to it by hand, and is then
//! tested wherever the app is used.

use std::collections::BTreeSet;

use machinist_core::catalogue::Catalogue;
use machinist_core::keys::{ENV, NAME, REQUIRES, SCALING};
use machinist_core::parameter::PARAMETERS;
use machinist_core::requirement::{REQUIREMENTS, Requirement};
use machinist_tests::{EVERY_KEY, read, repository};
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The machine types of the app, and its GPUs.
const MACHINE_TYPES: [&str; 2] = ["GPU-RTX5090", "GPU-L40"];
const GPUS: u32 = 2;

fn tokens(text: &str) -> Vec<TokenTree> {
    flat(text.parse().unwrap())
}

/// The tokens in the order of the text, without the delimiters of groups; lists are left out.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
            let is_attribute = group.to_string().contains("machinist");
            let inner = is_attribute.then(|| group.stream());
            inner.map_or_else(Vec::new, flat)
        }
        TokenTree::Group(group) => flat(group.stream()),
        token => vec![token],
    });
    each.flatten().collect()
}

/// The names before a `=` or a `:`.
fn names_before(tokens: &[TokenTree], wanted: char) -> BTreeSet<String> {
    let pairs = tokens.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [TokenTree::Ident(name), TokenTree::Punct(punct)]
                if punct.as_char() == wanted && punct.spacing() == Spacing::Alone =>
            {
                Some(name.to_string())
            }
            _ => None,
        })
        .collect()
}

/// Whether a machine type of the app has nothing of what the requirement asks for.
fn cannot_be_met(requirement: &Requirement) -> bool {
    let catalogue = Catalogue::built_in();
    MACHINE_TYPES.iter().any(|name| {
        let machine = catalogue.find(name).unwrap();
        requirement.available(machine, GPUS).unwrap_or(0) == 0
    })
}

fn keys_of_the_tables() -> BTreeSet<String> {
    let parameters = PARAMETERS.iter().map(|parameter| parameter.key.as_str());
    let requirements = REQUIREMENTS
        .iter()
        .filter(|requirement| !cannot_be_met(requirement))
        .map(|requirement| requirement.key);
    let keys = [NAME, ENV]
        .into_iter()
        .chain(parameters)
        .chain(requirements);
    keys.map(str::to_owned).collect()
}

#[test]
fn the_app_with_every_key_has_every_key() {
    let text = read(&repository().join(EVERY_KEY));
    for name in MACHINE_TYPES {
        assert!(text.contains(name), "{name}");
    }
    for group in [REQUIRES, SCALING] {
        assert!(text.contains(&format!("{group}(")), "{group}");
    }
    let last_line = "\n)]";
    let start = text.find("#[machinist").unwrap();
    let end = text.find(last_line).unwrap() + last_line.len();
    let attribute = tokens(&text[start..end]);
    assert_eq!(names_before(&attribute, '='), keys_of_the_tables());
}

#[test]
fn the_same_app_by_hand_in_the_benches_has_every_key() {
    let text = read(&repository().join("benches/src/compile/by_hand.rs"));
    let (_, for_each) = text.split_once("// For each item:").unwrap();
    assert_eq!(names_before(&tokens(for_each), ':'), keys_of_the_tables());
}
