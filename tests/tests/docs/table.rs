//! Tables in Markdown.

/// What stands in a cell with nothing in it.
pub(crate) const NOTHING: &str = "–";

/// A table with these heads and rows.
pub(crate) fn table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let row = |cells: [String; N]| {
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = row(heads.map(str::to_owned));
    out += &format!("{}|\n", "|---".repeat(N));
    out.extend(rows.into_iter().map(row));
    out
}

/// As code.
pub(crate) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A block of code in this language.
pub(crate) fn block(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n", text.trim_end())
}
