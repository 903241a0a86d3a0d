//! The attribute of an app in the text of a source file.
//!
//! The file is parsed, because names in comments, strings and macros are no items. Its text is not
//! printed anew: only a line is inserted.

use proc_macro2::Span;
use syn::{AttrStyle, Attribute, Ident, Item, Meta, Path, Safety, Signature, Visibility};

/// The attribute's name.
const ATTRIBUTE: &str = "app";

/// What is found where an app should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An item without an app, and where its attribute goes: an offset in bytes.
    Item(usize),
    /// An item that is an app already.
    App,
}

/// Finds the items of this name that the attribute can stand on.
///
/// # Errors
///
/// What is wrong in the file, and in which line.
pub(super) fn find(text: &str, item: &str, library: &str) -> Result<Vec<Found>, (String, usize)> {
    let source = Source::parse(text)?;
    let named = source.items().into_iter();
    let named = named.filter(|candidate| *candidate.name == item);
    Ok(named
        .map(|candidate| match candidate.is_app(library) {
            true => Found::App,
            false => Found::Item(source.offset + candidate.place_of_attribute()),
        })
        .collect())
}

/// Whether a file has an app. A file that cannot be parsed has none.
pub(super) fn has_app(text: &str, library: &str) -> bool {
    let source = Source::parse(text);
    source.is_ok_and(|source| source.items().iter().any(|item| item.is_app(library)))
}

/// The text with the attribute on a line above the item.
pub(super) fn with_attribute(text: &str, place: usize, attribute: &str) -> String {
    let (before, after) = text.split_at(place);
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let indent: String = before[line..]
        .chars()
        .take_while(|c| c.is_whitespace())
        .collect();
    format!("{before}{attribute}\n{indent}{after}")
}

/// A parsed file.
struct Source {
    file: syn::File,
    /// Where the parsed text begins: after a byte order mark and a line for the shell.
    offset: usize,
}

/// An item that can be an app.
struct Candidate<'a> {
    name: &'a Ident,
    attributes: Vec<&'a Attribute>,
    /// Where the item begins after its attributes.
    start: usize,
}

impl Source {
    fn parse(text: &str) -> Result<Self, (String, usize)> {
        let without_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
        let after_mark = without_mark.strip_prefix("#!");
        let is_for_shell = after_mark.is_some_and(|rest| !rest.trim_start().starts_with('['));
        let parsed = match without_mark.find('\n').filter(|_| is_for_shell) {
            Some(end) => &without_mark[end..],
            None => without_mark,
        };
        let offset = text.len() - parsed.len();
        let lines_before = text[..offset].matches('\n').count();
        let file = syn::parse_file(parsed)
            .map_err(|error| (error.to_string(), lines_before + error.span().start().line))?;
        Ok(Self { file, offset })
    }

    fn items(&self) -> Vec<Candidate<'_>> {
        let mut found = Vec::new();
        collect(&self.file.items, &mut found);
        found
    }
}

impl Candidate<'_> {
    /// Where the attribute goes: below the documentation and `cfg`, and above all else, because
    /// another attribute may replace the item.
    fn place_of_attribute(&self) -> usize {
        let stays_above = |attribute: &&&Attribute| {
            ["doc", "cfg"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        };
        let above = self.attributes.iter().take_while(stays_above).count();
        match self.attributes.get(above) {
            Some(attribute) => attribute.pound_token.span.byte_range().start,
            None => self.start,
        }
    }

    /// Whether it is an app, or one under a condition.
    fn is_app(&self, library: &str) -> bool {
        self.attributes.iter().any(|attribute| {
            let is_conditional = attribute.path().is_ident("cfg_attr");
            match &attribute.meta {
                Meta::List(list) if is_conditional => names_app(list.tokens.to_string(), library),
                _ => is_attribute_of(attribute.path(), library),
            }
        })
    }
}

/// Whether a path is that of the attribute, which may be imported.
fn is_attribute_of(path: &Path, library: &str) -> bool {
    let names: Vec<String> = path
        .segments
        .iter()
        .map(|part| part.ident.to_string())
        .collect();
    match &*names {
        [name] => name == ATTRIBUTE,
        [krate, name] => krate == library && name == ATTRIBUTE,
        _ => false,
    }
}

/// Whether the tokens of a `cfg_attr` name the attribute.
fn names_app(tokens: String, library: &str) -> bool {
    let tokens: String = tokens.split_whitespace().collect();
    tokens.contains(&format!("{library}::{ATTRIBUTE}(")) || tokens.contains(",app(")
}

/// Collects items, also those of modules that are written here.
fn collect<'a>(items: &'a [Item], found: &mut Vec<Candidate<'a>>) {
    for item in items {
        let (attributes, visibility, name, keyword) = match item {
            Item::Fn(item) => (
                &item.attrs,
                &item.vis,
                &item.sig.ident,
                first_word(&item.sig),
            ),
            Item::Struct(item) => (&item.attrs, &item.vis, &item.ident, item.struct_token.span),
            Item::Enum(item) => (&item.attrs, &item.vis, &item.ident, item.enum_token.span),
            Item::Mod(module) => {
                let content = module.content.as_ref();
                collect(content.map_or(&[], |(_, items)| items), found);
                continue;
            }
            _ => continue,
        };
        let start = match visibility {
            Visibility::Public(token) => token.span,
            Visibility::Restricted(visibility) => visibility.pub_token.span,
            Visibility::Inherited => keyword,
        };
        let is_outer = |attribute: &&Attribute| matches!(attribute.style, AttrStyle::Outer);
        found.push(Candidate {
            name,
            attributes: attributes.iter().filter(is_outer).collect(),
            start: start.byte_range().start,
        });
    }
}

/// The first word of a function without its visibility.
fn first_word(signature: &Signature) -> Span {
    let safety = match &signature.safety {
        Safety::Safe(token) => Some(token.span),
        Safety::Unsafe(token) => Some(token.span),
        _ => None,
    };
    let words = [
        signature.constness.as_ref().map(|token| token.span),
        signature.asyncness.as_ref().map(|token| token.span),
        safety,
        signature.abi.as_ref().map(|abi| abi.extern_token.span),
    ];
    let first = words.into_iter().flatten().next();
    first.unwrap_or(signature.fn_token.span)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with an app above `main`.
    fn with_app(text: &str) -> String {
        let found = find(text, "main", "machinist").unwrap();
        let [Found::Item(place)] = *found else {
            return format!("{found:?}");
        };
        with_attribute(text, place, "#[app]")
    }

    #[test]
    fn the_attribute_stands_above_the_item_and_below_its_documentation() {
        for (before, after) in [
            ("fn main() {}", "#[app]\nfn main() {}"),
            (
                "/// Serves.\nfn main() {}\n",
                "/// Serves.\n#[app]\nfn main() {}\n",
            ),
            (
                "#[tokio::main]\nasync fn main() {}\n",
                "#[app]\n#[tokio::main]\nasync fn main() {}\n",
            ),
            (
                "/** Serves. */ #[cfg(unix)]\n#[allow(unused)] pub(crate) unsafe extern \"C\" fn main() {}\n",
                "/** Serves. */ #[cfg(unix)]\n#[app]\n#[allow(unused)] pub(crate) unsafe extern \"C\" fn main() {}\n",
            ),
            (
                "use x as y; pub const fn main() {}",
                "use x as y; #[app]\npub const fn main() {}",
            ),
            (
                "mod é {\n    const A: &str = \"fn main() {}\";\n    struct main;\n}\n",
                "mod é {\n    const A: &str = \"fn main() {}\";\n    #[app]\n    struct main;\n}\n",
            ),
            (
                "\u{feff}#!/usr/bin/env cargo\n// fn main\nenum main {}\n",
                "\u{feff}#!/usr/bin/env cargo\n// fn main\n#[app]\nenum main {}\n",
            ),
            (
                "#![allow(unused)]\r\n\r\n// é\r\nfn main() {}\r\n",
                "#![allow(unused)]\r\n\r\n// é\r\n#[app]\nfn main() {}\r\n",
            ),
        ] {
            assert_eq!(with_app(before), after);
        }
    }

    #[test]
    fn names_in_comments_texts_and_macros_are_no_items() {
        let text = "// fn main() {}\nconst A: &str = r#\"fn main() {}\"#;\n\
                    macro_rules! m { () => { fn main() {} } }\nm! { fn main() {} }\n\
                    fn other() { fn main() {} }\nimpl A { fn main() {} }\n";
        assert_eq!(find(text, "main", "machinist").unwrap(), []);
    }

    #[test]
    fn an_app_is_found_under_every_name_and_condition() {
        for attribute in [
            "machinist::app(machine_type = \"S\")",
            "app(machine_type = \"S\")",
            "::machinist::app(machine_type = \"S\")",
            "cfg_attr(unix, machinist::app(machine_type = \"S\"))",
            "cfg_attr(unix, doc = \"a\", app(machine_type = \"S\"))",
        ] {
            let text = format!("#[{attribute}]\nfn main() {{}}\n");
            assert_eq!(find(&text, "main", "machinist").unwrap(), [Found::App]);
            assert!(has_app(&text, "machinist"));
        }
        assert!(!has_app("#[other::app]\nfn main() {}\n", "machinist"));
    }

    #[test]
    fn a_file_that_does_not_parse_has_the_line() {
        let (_, line) = find("#!/bin/sh\nfn main( {}\n", "main", "machinist").unwrap_err();
        assert_eq!(line, 2);
    }
}
