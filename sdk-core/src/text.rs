//! Showing text from any source without surprises: invisible characters are escaped.

use alloc::string::String;

/// Whether a character can be shown: it is visible or a space, is no control character, and changes
/// neither the line nor the direction of the text.
///
/// ```
/// use machinist_core::text::is_shown;
///
/// assert!(is_shown('é') && is_shown(' '));
/// assert!(!is_shown('\u{1b}') && !is_shown('\u{202e}') && !is_shown('\n'));
/// ```
pub fn is_shown(c: char) -> bool {
    let is_hidden = matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !is_hidden
}

/// The text on one line, with escapes for characters that cannot be shown.
///
/// ```
/// use machinist_core::text::shown;
///
/// assert_eq!(shown("\u{1b}[31m\"é\"\u{202e}\n"), r#"\u{1b}[31m"é"\u{202e}\n"#);
/// ```
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_shown(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}
