//! Text from any source, made safe to show: invisible characters are escaped.

use alloc::string::String;

/// Whether a character is visible, or a space. Control characters are not, and neither are
/// characters that change the line or the direction of the text.
///
/// ```
/// use machinist_core::text::is_visible;
///
/// assert!(is_visible('é') && is_visible(' '));
/// assert!(!is_visible('\u{1b}') && !is_visible('\u{202e}') && !is_visible('\n'));
/// ```
pub fn is_visible(c: char) -> bool {
    let is_hidden = matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !is_hidden
}

/// The text on one line, with escapes for characters that are not visible.
///
/// ```
/// use machinist_core::text::visible;
///
/// assert_eq!(visible("\u{1b}[31m\"é\"\u{202e}\n"), r#"\u{1b}[31m"é"\u{202e}\n"#);
/// ```
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_visible(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}
