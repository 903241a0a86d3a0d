//! Hides values of secrets in what a platform's tool prints.
//!
//! The tool has the environment of whoever deploys. What it prints ends up in the log of a CI job.

use std::collections::BTreeSet;

use machinist_core::problem::Problem;

/// What stands for a value.
const HIDDEN: &str = "***";

/// The shortest value that is hidden, in characters. A shorter one would hide parts of other words.
const MIN_LENGTH: usize = 4;

/// Values to hide.
#[derive(Default)]
pub(crate) struct Mask {
    /// The longest first: one may be a part of another.
    values: Vec<String>,
}

impl Mask {
    /// Hides the values that these variables have in the environment.
    pub(crate) fn of_environment<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        Self::of_values(names.filter_map(|name| std::env::var(name).ok()))
    }

    fn of_values(values: impl Iterator<Item = String>) -> Self {
        // Output is read line by line.
        let lines = values.flat_map(|value| {
            let lines = value.lines().map(str::trim).map(str::to_owned);
            lines.collect::<Vec<String>>()
        });
        let lines: BTreeSet<String> = lines.collect();
        let mut values: Vec<String> = lines.into_iter().collect();
        values.retain(|value| value.chars().count() >= MIN_LENGTH);
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// Whether there is nothing to hide.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A text without the values.
    pub(crate) fn hide(&self, text: &str) -> String {
        let hide = |text: String, value: &String| text.replace(value, HIDDEN);
        self.values.iter().fold(text.to_owned(), hide)
    }

    /// A problem without the values.
    pub(crate) fn hide_in(&self, problem: Problem) -> Problem {
        let hide = |text: Option<String>| text.map(|text| self.hide(&text));
        Problem {
            message: self.hide(&problem.message),
            help: hide(problem.help),
            note: hide(problem.note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_and_short_ones_are_not() {
        let values = [
            "hf_12345",
            "hf_12345_long",
            "abc",
            "",
            "-----KEY\nline of it\n",
        ];
        let mask = Mask::of_values(values.map(str::to_owned).into_iter());
        for (text, hidden) in [
            ("Bearer hf_12345_long!", "Bearer ***!"),
            ("hf_12345 abc", "*** abc"),
            ("line of it", "***"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(mask.hide(text), hidden);
        }
        assert!(Mask::of_values(["abc".to_owned()].into_iter()).is_empty());
        let problem = mask.hide_in(Problem::new("a").note("its output: hf_12345"));
        assert_eq!(problem, Problem::new("a").note("its output: ***"));
    }
}
