//! Tables in Markdown.

/// What stands in a cell with nothing in it.
pub(crate) const NOTHING: &str = "–";

/// A table with these heads and rows.
pub(crate) fn table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let heads = heads.map(str::to_owned);
    lists(heads.into(), rows.into_iter().map(Vec::from))
}

/// The same of as many columns as there are heads.
pub(crate) fn lists(heads: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = format!("{}|\n", "|---".repeat(heads.len()));
    let mut out = row(heads) + &line;
    out.extend(rows.into_iter().map(row));
    out
}

fn row(cells: Vec<String>) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| cell.replace('|', "\\|").replace('\n', " "))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}

/// As code.
pub(crate) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A block of code in this language.
pub(crate) fn block(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n", text.trim_end())
}
