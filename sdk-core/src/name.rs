//! Names of apps: DNS labels, made from Rust names.

use alloc::format;
use alloc::string::{String, ToString};

use crate::problem::Problem;
use crate::text::visible;

/// The most characters of a DNS label (RFC 1123).
pub const MAX_LENGTH: usize = 63;

/// Whether a text is a DNS label: 1 to [`MAX_LENGTH`] of `a-z`, `0-9` and `-`, with no `-` at
/// either end.
///
/// ```
/// use machinist_core::name::is_dns_label;
///
/// assert!(is_dns_label("llm-server"));
/// assert!(!is_dns_label("LlmServer"));
/// assert!(!is_dns_label("-llm"));
/// ```
pub fn is_dns_label(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A Rust name, or nearly any text, in kebab-case. The result may still not be a DNS label.
///
/// ```
/// use machinist_core::name::kebab_case;
///
/// assert_eq!(kebab_case("LlmServer"), "llm-server");
/// assert_eq!(kebab_case("HTTPServer2"), "http-server2");
/// assert_eq!(kebab_case("my_binary"), "my-binary");
/// ```
pub fn kebab_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut chars = text.chars().peekable();
    let mut before = '-';
    while let Some(c) = chars.next() {
        let starts_word = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || before.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase()));
        let separator = matches!(c, '_' | '-' | ' ' | '.' | '/');
        if (starts_word || separator) && !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if !separator {
            out.extend(c.to_lowercase());
        }
        before = c;
    }
    while out.ends_with('-') {
        out.pop();
    }
    out
}

/// A `name` that is not a DNS label.
pub(crate) fn bad_name(given: &str) -> Problem {
    let problem =
        Problem::new(format!("the name `{}` is not a DNS label", visible(given))).note(rule());
    match suggested_name(given) {
        Some(name) => problem.help(format!("write `name = \"{name}\"`")),
        None => problem.help("write for instance `name = \"llm-server\"`"),
    }
}

/// An item whose name has no DNS label.
pub(crate) fn no_name_from_item(item: &str) -> Problem {
    let problem = Problem::new(format!("cannot make an app name from `{item}`")).note(rule());
    match suggested_name(item) {
        Some(name) => problem.help(format!("add `name = \"{name}\"`")),
        None => problem.help("add for instance `name = \"llm-server\"`"),
    }
}

fn rule() -> String {
    format!(
        "a name is 1 to {} characters of `a-z`, `0-9` and `-`, with no `-` at either end",
        MAX_LENGTH
    )
}

/// The DNS label nearest to a name, if there is one.
fn suggested_name(given: &str) -> Option<String> {
    if !given.is_ascii() {
        return None;
    }
    let kebab = kebab_case(given);
    let shortened: String = kebab
        .trim_start_matches('-')
        .chars()
        .take(MAX_LENGTH)
        .collect();
    let label = shortened.trim_end_matches('-');
    is_dns_label(label).then(|| label.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_limits() {
        assert!(is_dns_label(&"a".repeat(63)));
        assert!(!is_dns_label(&"a".repeat(64)));
        assert!(!is_dns_label(""));
        assert!(!is_dns_label("a_b"));
        assert!(!is_dns_label("é"));
    }

    #[test]
    fn words_are_found_in_any_style() {
        for (text, kebab) in [
            ("main", "main"),
            ("_private__name_", "private-name"),
            ("SDXL", "sdxl"),
            ("Sdxl2Turbo", "sdxl2-turbo"),
            ("My App", "my-app"),
        ] {
            assert_eq!(kebab_case(text), kebab);
        }
    }
}
