//! A text that git could not merge.

/// A text with conflict markers: the line of the first one from 1, and the text of either side.
pub(super) struct Conflict {
    pub(super) line: usize,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// The conflict of a text, if it has one.
pub(super) fn find(text: &str) -> Option<Conflict> {
    let line = text.lines().position(|line| line.starts_with("<<<<<<< "))? + 1;
    Some(Conflict {
        line,
        ours: with_side(text, Side::Ours),
        theirs: with_side(text, Side::Theirs),
    })
}

/// A part of a conflict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    /// The common ancestor, which some styles show.
    Base,
    Theirs,
}

/// The text with one side of each conflict.
fn with_side(text: &str, wanted: Side) -> String {
    let mut inside = None;
    let mut out = String::new();
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => inside = Some(Side::Ours),
            Some("|||||||") => inside = Some(Side::Base),
            Some("=======") => inside = Some(Side::Theirs),
            Some(">>>>>>>") => inside = None,
            _ if inside.is_none_or(|side| side == wanted) => {
                out.push_str(line);
                out.push('\n');
            }
            _ => {}
        }
    }
    out
}
