//! Markdown, as GitHub and GitLab show it: text from any source is escaped, and long documents are
//! cut where hosts cut.

use machinist_core::text::visible;

/// The longest document, in bytes. GitHub takes comments of 65,536 characters, and a bot may add
/// its own words.
pub(crate) const LONGEST: usize = 60_000;

/// A longer text is cut.
const LONGEST_TEXT: usize = 200;

/// Text that shows as it is: nothing in it is markup, HTML, a column of a table, a link or a
/// mention of somebody.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(&clipped(text)).chars() {
        match c {
            // Hosts tell people whom a text mentions, unless something stands behind the `@`.
            '@' => out.push_str("&#64;<!-- -->"),
            ' ' | ',' | '-' | '/' => out.push(c),
            c if c.is_ascii_punctuation() => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The same in the type of code.
pub(crate) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// A message, in which backticks quote what somebody wrote.
pub(crate) fn message(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // A single backtick quotes nothing.
    if parts.len() % 2 == 0 {
        return escape(text);
    }
    let part = |(i, part): (usize, &&str)| match i % 2 {
        0 => escape(part),
        _ => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A row of a table, of cells that are Markdown.
pub(crate) fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table.
pub(crate) fn head(columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
    row(&names) + &format!("|{}\n", "---|".repeat(columns.len()))
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A document that grows up to a length.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) text: String,
    /// The command line that shows all of it.
    pub(crate) command: String,
}

impl Document {
    /// Adds parts while the document is no longer than this. Returns how many were left out.
    pub(crate) fn add_until(
        &mut self,
        longest: usize,
        parts: impl IntoIterator<Item = String>,
    ) -> usize {
        let mut parts = parts.into_iter();
        for part in parts.by_ref() {
            if self.text.len() + part.len() > longest {
                return 1 + parts.count();
            }
            self.text += &part;
        }
        0
    }

    /// Adds the line that says what was cut, if something was.
    pub(crate) fn add_not_shown(&mut self, count: usize, one: &str, many: &str) {
        let (what, all) = match count {
            0 => return,
            1 => (format!("1 {one} is"), "it"),
            _ => (format!("{count} {many} are"), "all of them"),
        };
        let command = code(&self.command);
        self.text += &format!("\n{what} not shown: {command} shows {all}.\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_harmless_signs_stay() {
        assert_eq!(escape("GPU-H100, é/1 "), "GPU-H100, é/1 ");
        let punctuation: String = (' '..='~').filter(char::is_ascii_punctuation).collect();
        let escaped = escape(&punctuation);
        let left: String = escaped
            .split('&')
            .map(|part| part.split_once(';').map_or("", |(_, rest)| rest))
            .collect();
        assert_eq!(left, ",-/<!-- -->");
        // Characters that are not seen are shown.
        assert_eq!(escape("\n\u{202e}"), "&#92;n&#92;u&#123;202e&#125;");
        assert_eq!(escape(&"x".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn backticks_quote_in_pairs_alone() {
        assert_eq!(
            message("no `a` is `b`"),
            "no <code>a</code> is <code>b</code>"
        );
        assert_eq!(message("one ` alone"), "one &#96; alone");
    }

    #[test]
    fn a_document_is_cut_at_whole_parts() {
        let mut document = Document::default();
        let parts = ["aaa", "bbb", "c", "d"].map(str::to_owned);
        assert_eq!(document.add_until(5, parts), 3);
        assert_eq!(document.text, "aaa");
    }
}
