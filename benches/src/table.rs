//! Tables as Markdown has them.

/// Prints a table: its columns, and rows of as many cells.
pub fn print(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n");
    row(columns.iter().copied());
    row(columns
        .iter()
        .enumerate()
        .map(|(i, _)| if i == 0 { "---" } else { "---:" }));
    for cells in rows {
        row(cells.iter().map(String::as_str));
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) {
    let cells: Vec<&str> = cells.collect();
    println!("| {} |", cells.join(" | "));
}
