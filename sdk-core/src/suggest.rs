//! The nearest name to a misspelt one.

use alloc::vec::Vec;

/// A candidate that is more edits away than this is another word. So is one that is away by more
/// edits than half of the letters written.
const MAX_EDITS: usize = 3;

/// The candidate nearest to `given`, ignoring case; of equally near ones the first.
///
/// ```
/// use machinist_core::suggest::nearest;
///
/// assert_eq!(nearest("keep_alvie", ["keep_alive", "regions"]), Some("keep_alive"));
/// assert_eq!(nearest("colour", ["keep_alive", "regions"]), None);
/// ```
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = given.chars().count();
    candidates
        .into_iter()
        .map(|candidate| (distance(given, candidate), candidate))
        .filter(|&(edits, _)| edits <= MAX_EDITS && edits * 2 <= length)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// The number of edits between two words, ignoring case. An edit inserts, deletes or replaces a
/// letter, or swaps two neighbours.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| {
        text.chars()
            .map(|c| c.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let (a, b) = (fold(a), fold(b));
    if a.len().abs_diff(b.len()) > MAX_EDITS {
        return usize::MAX / 2;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = Vec::with_capacity(b.len() + 1);
        next.push(i);
        for j in 1..=b.len() {
            let replaced = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut edits = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                edits = edits.min(before[j - 2] + 1);
            }
            next.push(edits);
        }
        before = core::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, edits) in [
            ("h10o", "H100", 1),
            ("ab", "ba", 1),
            ("gpus", "gpu", 1),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}
