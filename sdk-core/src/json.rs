//! JSON of manifests: writing it, indenting it, and reading the compact JSON of records.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::keys::PATH;
use crate::text::is_visible;

/// Appends a JSON string with its quotes and escapes.
///
/// Invisible characters are escaped too, so that a manifest shows all that it contains.
///
/// ```
/// let mut out = String::new();
/// machinist_core::json::push_string(&mut out, "say \"hi\"\n");
/// assert_eq!(out, r#""say \"hi\"\n""#);
/// ```
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    // A fast path: nearly all texts need no escape, and the macro runs unoptimised.
    if text.bytes().all(needs_no_escape) {
        out.push_str(text);
    } else {
        push_escaped(out, text);
    }
    out.push('"');
}

fn needs_no_escape(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' if byte != b'"' && byte != b'\\')
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c => push_visible(out, c),
        }
    }
}

fn push_visible(out: &mut String, c: char) {
    if is_visible(c) {
        return out.push(c);
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// Indents compact JSON by two spaces a level, with one member or element on each line. Empty
/// arrays and objects stay `[]` and `{}`. Strings are escaped as by [`push_string`].
///
/// ```
/// let indented = machinist_core::json::indent(r#"{"gpus":2,"regions":[]}"#);
/// assert_eq!(indented, "{\n  \"gpus\": 2,\n  \"regions\": []\n}");
/// ```
pub fn indent(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let mut depth = 0;
    let mut rest = compact;
    while let Some(token) = first_token(rest) {
        rest = &rest[token.len()..];
        match token {
            "{" | "[" => {
                out.push_str(token);
                if let Some(close @ ("}" | "]")) = first_token(rest) {
                    out.push_str(close);
                    rest = &rest[close.len()..];
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push_str(token);
            }
            "," => {
                out.push_str(token);
                new_line(&mut out, depth);
            }
            ":" => out.push_str(": "),
            token if token.bytes().all(|byte| matches!(byte, b' '..=b'~')) => out.push_str(token),
            token => token.chars().for_each(|c| push_visible(&mut out, c)),
        }
    }
    out
}

/// The members of an object or the elements of an array, as they are in the compact JSON.
///
/// ```
/// use machinist_core::json::parts;
///
/// let members: Vec<&str> = parts(r#"{"gpus":2,"regions":["us-west","us-east"]}"#).collect();
/// assert_eq!(members, [r#""gpus":2"#, r#""regions":["us-west","us-east"]"#]);
/// assert_eq!(parts("[]").count(), 0);
/// ```
pub fn parts(compact: &str) -> impl Iterator<Item = &str> {
    let mut rest = compact
        .get(1..compact.len().saturating_sub(1))
        .unwrap_or_default();
    core::iter::from_fn(move || {
        let end = end_of_part(rest);
        let (part, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        (!part.is_empty()).then_some(part)
    })
}

/// The length of the first member or element, up to the comma after it.
fn end_of_part(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut offset = 0;
    while let Some(token) = first_token(&text[offset..]) {
        match token {
            "{" | "[" => depth += 1,
            "}" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => return offset,
            _ => {}
        }
        offset += token.len();
    }
    text.len()
}

/// The first token: a string with its quotes, or else one character.
fn first_token(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let length = match first {
        '"' => string_length(text),
        first => first.len_utf8(),
    };
    text.get(..length)
}

/// The length of the string that a text begins with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// The keys and values of an object whose keys have no escapes.
pub(crate) fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    parts(object).filter_map(|part| {
        let (key, value) = part.split_once(':')?;
        Some((unquoted(key)?, value))
    })
}

/// The value of a member.
pub(crate) fn member<'a>(object: &'a str, wanted: &str) -> Option<&'a str> {
    members(object).find_map(|(key, value)| (key == wanted).then_some(value))
}

/// The text of a string without escapes.
pub(crate) fn unquoted(quoted: &str) -> Option<&str> {
    quoted.strip_prefix('"')?.strip_suffix('"')
}

/// The value of a parameter, which is read from compact JSON.
pub(crate) trait FromJson: Sized {
    fn from_json(value: &'static str) -> Option<Self>;
}

impl FromJson for u16 {
    fn from_json(value: &'static str) -> Option<Self> {
        value.parse().ok()
    }
}

impl FromJson for u32 {
    fn from_json(value: &'static str) -> Option<Self> {
        value.parse().ok()
    }
}

/// The path of a health check, which is a member of an object.
impl FromJson for &'static str {
    fn from_json(value: &'static str) -> Option<Self> {
        unquoted(member(value, PATH)?)
    }
}

impl FromJson for &'static [&'static str] {
    fn from_json(value: &'static str) -> Option<Self> {
        let texts: Vec<&str> = parts(value).map(unquoted).collect::<Option<_>>()?;
        Some(Box::leak(texts.into_boxed_slice()))
    }
}

/// An array of strings.
#[cfg(feature = "rules")]
pub(crate) fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for text in texts {
        if out.len() > 1 {
            out.push(',');
        }
        push_string(&mut out, text);
    }
    out.push(']');
    out
}

/// A JSON object in the making, with the members so far.
#[cfg(feature = "rules")]
pub(crate) struct Object(String);

#[cfg(feature = "rules")]
impl Object {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(512))
    }

    /// Begins a member. The caller appends its value.
    fn member(&mut self, key: &str) -> &mut String {
        // Keys need no escapes.
        let before = if self.0.is_empty() { "{\"" } else { ",\"" };
        self.0.push_str(before);
        self.0.push_str(key);
        self.0.push_str("\":");
        &mut self.0
    }

    /// Adds a string as a member.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        push_string(self.member(key), text);
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.member(key).push_str(value);
    }

    /// Adds an object as a member, unless it is empty.
    pub(crate) fn group(&mut self, key: &str, group: Self) {
        if !group.0.is_empty() {
            self.raw(key, &group.end());
        }
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_escaped() {
        let mut out = String::new();
        push_string(&mut out, "a\u{202e}b\u{1b}[31m\u{e0041}é");
        assert_eq!(out, r#""a\u202eb\u001b[31m\udb40\udc41é""#);
    }

    #[test]
    fn braces_and_quotes_in_strings_are_not_indented() {
        assert_eq!(
            indent(r#"{"a":"{,}\"[:]\\"}"#),
            "{\n  \"a\": \"{,}\\\"[:]\\\\\"\n}"
        );
    }
}
