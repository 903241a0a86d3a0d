//! Amounts: how a figure or a requirement is read from what was written, and shown.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::Value;
use crate::json::list;
use crate::number::{decimals, scale};
use crate::parameter::GPU_LIMIT;
use crate::problem::{Problem, mistyped, names, ticked};
use crate::text::shown;
use crate::unit::{Unit, Words};

impl Unit {
    /// Reads an amount that was written as the value of `key`.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what to write.
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
        let too_much = || too_much(key, value);
        match (self, value) {
            (Self::Quantity(quantity), Value::Text(text)) => quantity
                .read(text)
                .map_err(|instead| quantity.problem(key, text, instead)),
            (Self::Count, Value::Integer(count)) => {
                u32::try_from(*count).map_err(|_| too_much())
            }
            (Self::Gpus, Value::Integer(gpus)) => match u32::try_from(*gpus) {
                Ok(gpus @ 1..=GPU_LIMIT) => Ok(gpus),
                _ => Err(self.mistyped(key, value)),
            },
            (Self::Decimal { fractions, .. }, Value::Integer(whole)) => whole
                .checked_mul(fractions.into())
                .and_then(|amount| u32::try_from(amount).ok())
                .ok_or_else(too_much),
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
        mistyped(key, &takes, &self.meant(value), value)
    }

    /// A value as it is written.
    pub(crate) fn example(self) -> String {
        self.meant(&Value::Bool(true))
    }

    /// The value that was probably meant by one that is not taken, or else an example.
    pub(crate) fn meant(self, value: &Value) -> String {
        match (self, value) {
            (Self::Quantity(quantity), value) => {
                let meant = match value {
                    Value::Number(text) | Value::Text(text) => quantity.meant(text),
                    Value::Integer(number) => Some(format!("{number} {}", quantity.usual_unit)),
                    _ => None,
                };
                let meant = meant.filter(|text| quantity.read(text).is_ok_and(|amount| amount > 0));
                format!("{:?}", meant.as_deref().unwrap_or(quantity.example))
            }
            (Self::Decimal { .. } | Self::Count, Value::Text(text))
                if scale(text, 1).is_some_and(|amount| amount > 0) =>
            {
                text.clone()
            }
            (Self::Decimal { .. } | Self::Count, _) => "1".into(),
            (Self::Gpus, _) => "8".into(),
            (Self::Flag, _) => "true".into(),
            (Self::Words(words), _) => format!("{:?}", words.all[0]),
        }
    }

    /// An amount as a person writes it.
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
            Self::Words(words) => words.of(amount).join(", "),
        }
    }

    /// An amount as records and manifests write it: compact JSON, which
    /// [`from_json`](Self::from_json) reads.
    pub fn json(self, amount: u32) -> String {
        match self {
            Self::Quantity(_) | Self::Count | Self::Gpus => amount.to_string(),
            Self::Decimal { fractions, .. } => decimals(amount, fractions),
            Self::Flag => (amount != 0).to_string(),
            Self::Words(words) => list(words.of(amount).into_iter()),
        }
    }

    /// Whether a machine that has `has` meets a requirement of `amount`.
    pub(crate) fn is_met(self, has: u32, amount: u32) -> bool {
        match self {
            Self::Words(_) => has & amount == amount,
            Self::Quantity(_) | Self::Decimal { .. } | Self::Count | Self::Gpus | Self::Flag => {
                has >= amount
            }
        }
    }

    /// How much is one of what is counted.
    pub(crate) fn one(self) -> u32 {
        match self {
            Self::Decimal { fractions, .. } => fractions,
            _ => 1,
        }
    }
}

/// An amount of nothing, less, or more than there can be.
pub(crate) fn too_much(key: &str, given: &Value) -> Problem {
    Problem::new(format!("`{key}` must be more than 0, not `{given}`"))
        .help(format!("remove `{key}` if nothing is required"))
}

impl Words {
    fn read(&self, word: &str) -> Result<u32, Problem> {
        self.bit(word).ok_or_else(|| self.unknown(word))
    }

    /// A word that is not of the set. Words of one letter's difference are other words here: who
    /// writes `fp16` does not mean `fp6`.
    fn unknown(&self, given: &str) -> Problem {
        let what = self.what;
        let problem = Problem::new(format!("unknown {what} `{}`", shown(given)));
        let all = format!("{what}s are {}", self.all.join(", "));
        let bare = given.replace(['-', '_', ' '], "");
        match self.all.iter().find(|word| word.eq_ignore_ascii_case(&bare)) {
            Some(word) => problem.help(format!("write `\"{word}\"`")).note(all),
            None => problem.help(all),
        }
    }

    /// The words of a set.
    fn of(&self, bits: u32) -> Vec<&'static str> {
        let is_in = |place: usize| bits & (1 << place) != 0;
        let words = self.all.iter().enumerate();
        words
            .filter(|(place, _)| is_in(*place))
            .map(|(_, word)| *word)
            .collect()
    }

    fn listed(&self, and: &str) -> String {
        names(self.all.iter().map(|word| ticked(word)), and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::PRECISION;

    #[test]
    fn a_word_of_another_case_is_meant_and_another_word_is_not() {
        let help = |word: &str| PRECISION.read(word).unwrap_err().help.unwrap();
        assert_eq!(help("FP-8"), "write `\"fp8\"`");
        assert_eq!(help("fp16"), "precisions are bf16, fp8, fp6, fp4");
    }

    #[test]
    fn amounts_are_read_from_the_json_that_they_are_written_as() {
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
