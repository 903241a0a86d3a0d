//! Amounts of figures and requirements: reading them, showing them, and writing them as JSON.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::Value;
use crate::json::list;
use crate::number::{decimals, scale};
use crate::parameter::GPU_LIMIT;
use crate::problem::{Problem, in_backticks, joined, mistyped};
use crate::text::visible;
use crate::unit::{Unit, WordSet};

impl Unit {
    /// Reads the value of `key` as an amount in this unit.
    ///
    /// # Errors
    ///
    /// If the value has another type or is out of range; the problem says what to write.
    ///
    /// ```
    /// use machinist_core::attribute::Value;
    /// use machinist_core::unit::{SIZE, Unit};
    ///
    /// let size = Unit::Quantity(&SIZE);
    /// assert_eq!(size.read("vram", &Value::Text("120 GB".into())), Ok(120_000));
    /// assert!(size.read("vram", &Value::Integer(120)).is_err());
    /// ```
    pub fn read(self, key: &str, value: &Value) -> Result<u32, Problem> {
        let out_of_range = || out_of_range(key, value);
        match (self, value) {
            (Self::Quantity(quantity), Value::Text(text)) => quantity
                .read(text)
                .map_err(|suggestion| quantity.problem(key, text, suggestion)),
            (Self::Count, Value::Integer(count)) => {
                u32::try_from(*count).map_err(|_| out_of_range())
            }
            (Self::Gpus, Value::Integer(gpus)) => match u32::try_from(*gpus) {
                Ok(gpus @ 1..=GPU_LIMIT) => Ok(gpus),
                _ => Err(self.mistyped(key, value)),
            },
            (Self::Decimal { fractions, .. }, Value::Integer(whole)) => whole
                .checked_mul(fractions.into())
                .and_then(|amount| u32::try_from(amount).ok())
                .ok_or_else(out_of_range),
            (Self::Decimal { fractions, .. }, Value::Number(number)) => {
                scale(number, fractions).ok_or_else(|| self.mistyped(key, value))
            }
            (Self::Flag, Value::Bool(flag)) => Ok(u32::from(*flag)),
            (Self::Words(words), Value::Text(word)) => words.read(word),
            (Self::Words(words), Value::List(elements)) if !elements.is_empty() => elements
                .iter()
                .try_fold(0, |bits, (element, _)| match element {
                    Value::Text(word) => Ok(bits | words.read(word)?),
                    other => Err(self.mistyped(key, other)),
                }),
            _ => Err(self.mistyped(key, value)),
        }
    }

    fn mistyped(self, key: &str, value: &Value) -> Problem {
        let takes = match self {
            Self::Quantity(quantity) => format!("{} in {}", quantity.what, quantity.unit_names()),
            Self::Decimal { what, .. } => what.into(),
            Self::Count => "a whole number".into(),
            Self::Gpus => format!("a whole number from 1 to {GPU_LIMIT}"),
            Self::Flag => "`true` or `false`".into(),
            Self::Words(words) => format!("one or several of {}", words.listed("and")),
        };
        mistyped(key, &takes, &self.suggestion(value), value)
    }

    /// A value in this unit, as the attribute writes it.
    pub(crate) fn example(self) -> String {
        self.suggestion(&Value::Bool(true))
    }

    /// A valid value, as the attribute writes it: one like `value` where possible, or else an
    /// example.
    pub(crate) fn suggestion(self, value: &Value) -> String {
        match (self, value) {
            (Self::Quantity(quantity), value) => {
                let suggestion = match value {
                    Value::Number(text) | Value::Text(text) => quantity.suggestion(text),
                    Value::Integer(number) => Some(format!("{number} {}", quantity.usual_unit)),
                    _ => None,
                };
                let is_positive =
                    |text: &String| quantity.read(text).is_ok_and(|amount| amount > 0);
                let suggestion = suggestion.filter(is_positive);
                format!("{:?}", suggestion.as_deref().unwrap_or(quantity.example))
            }
            (Self::Decimal { .. } | Self::Count, Value::Text(text))
                if scale(text, 1).is_some_and(|amount| amount > 0) =>
            {
                text.clone()
            }
            (Self::Decimal { .. } | Self::Count, _) => "1".into(),
            (Self::Gpus, _) => "8".into(),
            (Self::Flag, _) => "true".into(),
            (Self::Words(words), Value::Text(text) | Value::Other(text)) => {
                format!("{:?}", words.similar(text).unwrap_or(words.all[0]))
            }
            (Self::Words(words), _) => format!("{:?}", words.all[0]),
        }
    }

    /// An amount as people write it.
    ///
    /// ```
    /// use machinist_core::figure;
    ///
    /// assert_eq!(figure::VRAM.unit.show(120_000), "120 GB");
    /// assert_eq!(figure::CPUS.unit.show(500), "0.5");
    /// ```
    pub fn show(self, amount: u32) -> String {
        match self {
            Self::Quantity(quantity) => quantity.show(amount),
            Self::Decimal { fractions, .. } => decimals(amount, fractions),
            Self::Count | Self::Gpus => amount.to_string(),
            Self::Flag => if amount == 0 { "no" } else { "yes" }.into(),
            Self::Words(words) => words.in_set(amount).join(", "),
        }
    }

    /// An amount as compact JSON, for records and manifests. [`from_json`](Self::from_json) reads
    /// it.
    pub fn json(self, amount: u32) -> String {
        match self {
            Self::Quantity(_) | Self::Count | Self::Gpus => amount.to_string(),
            Self::Decimal { fractions, .. } => decimals(amount, fractions),
            Self::Flag => (amount != 0).to_string(),
            Self::Words(words) => list(words.in_set(amount).into_iter()),
        }
    }

    /// Whether `available` is enough where `required` is asked for.
    pub(crate) fn is_enough(self, available: u32, required: u32) -> bool {
        match self {
            Self::Words(_) => available & required == required,
            Self::Quantity(_) | Self::Decimal { .. } | Self::Count | Self::Gpus | Self::Flag => {
                available >= required
            }
        }
    }

    /// The amount that stands for the number 1: 1000 where amounts are thousandths.
    pub(crate) fn amount_of_one(self) -> u32 {
        match self {
            Self::Decimal { fractions, .. } => fractions,
            _ => 1,
        }
    }
}

/// An amount that is 0, negative, or larger than an amount can be.
pub(crate) fn out_of_range(key: &str, given: &Value) -> Problem {
    Problem::new(format!("`{key}` must be more than 0, not `{given}`"))
        .help(format!("remove `{key}` if nothing is required"))
}

impl WordSet {
    fn read(&self, word: &str) -> Result<u32, Problem> {
        self.bit(word).ok_or_else(|| self.unknown(word))
    }

    /// A word that is not in the set, with a similar one if there is any.
    fn unknown(&self, given: &str) -> Problem {
        let what = self.what;
        let problem = Problem::new(format!("unknown {what} `{}`", visible(given)));
        let all = format!("{what}s are {}", self.all.join(", "));
        match self.similar(given) {
            Some(word) => problem.help(format!("write `\"{word}\"`")).note(all),
            None => problem.help(all),
        }
    }

    /// The word that is the same but for case and separators. Words that differ by a letter are not
    /// similar: `fp6` means something else than `fp16`.
    fn similar(&self, given: &str) -> Option<&'static str> {
        let given = given.replace(['-', '_', ' '], "");
        let is_same = |word: &&&str| word.eq_ignore_ascii_case(&given);
        self.all.iter().find(is_same).copied()
    }

    /// The words whose bits are set.
    pub(crate) fn in_set(&self, bits: u32) -> Vec<&'static str> {
        let is_in_set = |index: usize| bits & (1 << index) != 0;
        let words = self.all.iter().enumerate();
        words
            .filter(|(index, _)| is_in_set(*index))
            .map(|(_, word)| *word)
            .collect()
    }

    fn listed(&self, conjunction: &str) -> String {
        joined(self.all.iter().map(|word| in_backticks(word)), conjunction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::PRECISION;

    #[test]
    fn a_word_in_another_case_is_corrected_and_another_word_is_not() {
        let help = |word: &str| PRECISION.read(word).unwrap_err().help.unwrap();
        assert_eq!(help("FP-8"), "write `\"fp8\"`");
        assert_eq!(help("fp16"), "precisions are bf16, fp8, fp6, fp4");
    }

    #[test]
    fn an_amount_is_read_from_its_own_json() {
        for figure in crate::figure::FIGURES {
            for amount in [0, 1, 2, 12] {
                let amount = match figure.unit {
                    Unit::Flag => amount % 2,
                    _ => amount,
                };
                let json = figure.unit.json(amount);
                assert_eq!(figure.unit.from_json(&json), Some(amount), "{json}");
            }
        }
    }
}
