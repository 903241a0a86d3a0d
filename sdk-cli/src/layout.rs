//! How text is laid out for the width of a terminal. Where nobody looks, in a pipe or a file, lines
//! are as long as they are.

use std::env;
use std::io::{self, IsTerminal};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The spaces between two columns.
const GAP: usize = 2;

/// Columns are padded to at most this many characters. A longer cell is shown whole, but does not
/// widen its column.
pub(crate) const MAX_COLUMN_WIDTH: usize = 120;

/// A word that is longer does not keep a column from being made narrower.
const LONGEST_WORD: usize = 24;

/// A line is not broken where less than this would be left for its text.
const MIN_TEXT_WIDTH: usize = 16;

/// How many columns the terminal has on which data is shown; `None` if it goes elsewhere. `COLUMNS`
/// wins, as in other tools.
pub(crate) fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let variable = env::var("COLUMNS").ok();
    let variable = variable.and_then(|columns| columns.parse().ok());
    let width = variable.or_else(|| {
        let (width, _) = terminal_size::terminal_size()?;
        Some(width.0.into())
    });
    width.filter(|width| *width > 0)
}

/// A line of a table.
#[derive(Debug, PartialEq)]
pub(crate) struct TableLine {
    pub(crate) text: String,
    /// Whether it is of the heads, or the name of a block.
    pub(crate) is_head: bool,
}

impl TableLine {
    fn new(text: &str, is_head: bool) -> Self {
        let text = text.trim_end().to_owned();
        Self { text, is_head }
    }
}

/// Rows in aligned columns; the first row is the heads. Where that is too wide, cells are wrapped
/// between words, and where that is not enough, each row becomes a block with a line for each cell.
pub(crate) fn table(rows: &[Vec<String>], width: Option<usize>) -> Vec<TableLine> {
    let natural = column_widths(rows, UnicodeWidthStr::width);
    let natural: Vec<usize> = natural
        .iter()
        .map(|it| (*it).min(MAX_COLUMN_WIDTH))
        .collect();
    let Some(width) = width else {
        return aligned(rows, &natural, false);
    };
    let longest_word = |cell: &str| cell.split(' ').map(UnicodeWidthStr::width).max();
    let least = column_widths(rows, |cell| {
        longest_word(cell).unwrap_or(0).min(LONGEST_WORD)
    });
    match shrunk(natural, &least, width) {
        Some(widths) => aligned(rows, &widths, true),
        None => blocks(rows, width),
    }
}

/// The greatest length of the cells of each column.
fn column_widths(rows: &[Vec<String>], length: impl Fn(&str) -> usize) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let of_column = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| length(cell)).max().unwrap_or(0)
    };
    (0..columns).map(of_column).collect()
}

/// The widths, of which the greatest are made smaller until all fit; `None` if they cannot.
fn shrunk(mut widths: Vec<usize>, least: &[usize], width: usize) -> Option<Vec<usize>> {
    let gaps = widths.len().saturating_sub(1) * GAP;
    while widths.iter().sum::<usize>() + gaps > width {
        let can_shrink = widths
            .iter_mut()
            .zip(least)
            .filter(|(width, least)| **width > **least);
        let (widest, _) = can_shrink.max_by_key(|(width, _)| **width)?;
        *widest -= 1;
    }
    Some(widths)
}

fn aligned(rows: &[Vec<String>], widths: &[usize], is_wrapped: bool) -> Vec<TableLine> {
    let mut lines = Vec::new();
    for (nth, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| match is_wrapped {
                true => wrap(cell, *width),
                false => vec![cell.clone()],
            });
        let cells: Vec<Vec<String>> = cells.collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for i in 0..height {
            let parts = cells.iter().zip(widths).map(|(cell, width)| {
                let part = cell.get(i).map_or("", String::as_str);
                let padding = width.saturating_sub(part.width()) + GAP;
                format!("{part}{}", " ".repeat(padding))
            });
            lines.push(TableLine::new(&parts.collect::<String>(), nth == 0));
        }
    }
    lines
}

fn blocks(rows: &[Vec<String>], width: usize) -> Vec<TableLine> {
    let Some((heads, rows)) = rows.split_first() else {
        return Vec::new();
    };
    let head_width = heads.iter().skip(1).map(|head| head.width()).max();
    let indent = GAP + head_width.unwrap_or(0) + GAP;
    let mut lines = Vec::new();
    for row in rows {
        for (nth, (head, cell)) in heads.iter().zip(row).enumerate() {
            if nth == 0 {
                lines.extend(
                    wrap(cell, width)
                        .iter()
                        .map(|part| TableLine::new(part, true)),
                );
                continue;
            }
            let text_width = width.saturating_sub(indent).max(1);
            for (i, part) in wrap(cell, text_width).iter().enumerate() {
                let head = if i == 0 { head } else { "" };
                let padding = " ".repeat(indent - GAP - head.width());
                lines.push(TableLine::new(&format!("  {head}{padding}{part}"), false));
            }
        }
    }
    lines
}

/// A text in lines of at most this width, broken between words; a word that is longer is broken too.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let parts = [((), text.to_owned())];
    let lines = wrap_parts(&parts, (width.max(1), width.max(1)), 0);
    let join = |line: Vec<((), String)>| line.into_iter().map(|((), text)| text).collect();
    lines.into_iter().map(join).collect()
}

/// A line in parts, as lines that the terminal need not break. Those after the first are indented to
/// where the text of the first begins.
pub(crate) fn wrap_line<L: Copy + PartialEq>(
    parts: Vec<(L, String)>,
    width: usize,
) -> Vec<Vec<(L, String)>> {
    let all = parts.iter().map(|(_, text)| text.width()).sum::<usize>();
    if all <= width {
        return vec![parts];
    }
    // A key that is aligned with others is a part of its own.
    let key_width = parts.first().map_or(0, |(_, text)| text.width());
    let has_key = parts
        .first()
        .is_some_and(|(_, text)| text.starts_with("  "));
    let indent = match has_key && key_width + MIN_TEXT_WIDTH <= width {
        true => key_width,
        false => 2 * GAP,
    };
    let rest = width.saturating_sub(indent).max(1);
    wrap_parts(&parts, (width, rest), indent)
}

/// The parts in lines of at most these widths, the first one and the others without their indent.
fn wrap_parts<L: Copy + PartialEq>(
    parts: &[(L, String)],
    (first, rest): (usize, usize),
    indent: usize,
) -> Vec<Vec<(L, String)>> {
    let mut lines: Vec<Vec<(L, String)>> = vec![Vec::new()];
    let (mut left, mut is_empty) = (first, true);
    for (look, text) in parts {
        for word in text.split_inclusive(' ') {
            let needed = word.trim_end_matches(' ').width();
            // Spaces at the beginning of the first line are kept.
            if needed > left && !is_empty {
                let start = (*look, " ".repeat(indent));
                lines.push(if indent == 0 { Vec::new() } else { vec![start] });
                (left, is_empty) = (rest, true);
            }
            for c in word.chars() {
                let width = c.width().unwrap_or(0);
                if width > left && c != ' ' {
                    let start = (*look, " ".repeat(indent));
                    lines.push(if indent == 0 { Vec::new() } else { vec![start] });
                    left = rest;
                }
                left = left.saturating_sub(width);
                if let Some(line) = lines.last_mut() {
                    add(line, *look, c);
                }
            }
            is_empty &= needed == 0;
        }
    }
    lines.into_iter().map(trimmed).collect()
}

fn add<L: Copy + PartialEq>(line: &mut Vec<(L, String)>, look: L, c: char) {
    match line.last_mut() {
        Some((last, text)) if *last == look => text.push(c),
        _ => line.push((look, c.into())),
    }
}

/// A line without spaces at its end.
fn trimmed<L>(mut line: Vec<(L, String)>) -> Vec<(L, String)> {
    if let Some((_, text)) = line.last_mut() {
        text.truncate(text.trim_end_matches(' ').len());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        vec![
            row(["NAME", "MACHINE TYPE", "TUNED"]),
            row([
                "llm",
                "GPU-H100, GPU-H200",
                "min_concurrency=2 keep_alive=10m",
            ]),
            row(["日本語", "GPU-L40", "-"]),
        ]
    }

    fn texts(width: Option<usize>) -> Vec<String> {
        let lines = table(&rows(), width).into_iter();
        lines.map(|line| line.text).collect()
    }

    #[test]
    fn a_table_is_as_wide_as_it_is_where_nobody_looks() {
        let expected = [
            "NAME    MACHINE TYPE        TUNED",
            "llm     GPU-H100, GPU-H200  min_concurrency=2 keep_alive=10m",
            "日本語  GPU-L40             -",
        ];
        assert_eq!(texts(None), expected);
        assert_eq!(texts(Some(200)), expected);
    }

    #[test]
    fn cells_are_wrapped_between_words() {
        assert_eq!(
            texts(Some(50)),
            [
                "NAME    MACHINE TYPE        TUNED",
                "llm     GPU-H100, GPU-H200  min_concurrency=2",
                "                            keep_alive=10m",
                "日本語  GPU-L40             -",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_gets_a_block_for_each_row() {
        assert_eq!(
            texts(Some(32)),
            [
                "llm",
                "  MACHINE TYPE  GPU-H100,",
                "                GPU-H200",
                "  TUNED         min_concurrency=",
                "                2 keep_alive=10m",
                "日本語",
                "  MACHINE TYPE  GPU-L40",
                "  TUNED         -",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 1..120 {
            for line in texts(Some(width)) {
                let is_indent = line.width() <= 20 && width < 20;
                assert!(line.width() <= width || is_indent, "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn a_line_is_broken_where_its_text_begins() {
        let parts = |key: &str| {
            let text = "stays 2  (tuned; the code says 1)";
            vec![(1, key.to_owned()), (2, text.to_owned())]
        };
        let lines = wrap_line(parts("    min_concurrency  "), 40);
        let text = |line: &Vec<(i32, String)>| -> String {
            line.iter().map(|(_, text)| text.as_str()).collect()
        };
        let lines: Vec<String> = lines.iter().map(text).collect();
        assert_eq!(
            lines,
            [
                "    min_concurrency  stays 2  (tuned;",
                "                     the code says 1)",
            ]
        );
        assert_eq!(wrap_line(parts("key "), 80), [parts("key ")]);
    }
}
