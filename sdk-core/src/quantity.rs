//! Reading and showing quantities: sizes, bandwidths and durations.

use alloc::format;
use alloc::string::{String, ToString};

use crate::number::{decimals, scale};
use crate::problem::{Problem, in_backticks, joined};
use crate::text::visible;
use crate::unit::Quantity;

impl Quantity {
    /// Reads a quantity, as a number of base units.
    ///
    /// # Errors
    ///
    /// If the text is not a quantity, the quantity to write instead, or `None` where the text
    /// suggests none.
    ///
    /// ```
    /// use machinist_core::unit::{DURATION, SIZE};
    ///
    /// assert_eq!(SIZE.read("1.5 TB"), Ok(1_500_000));
    /// assert_eq!(DURATION.read("15m"), Ok(900));
    /// assert_eq!(SIZE.read("120 GiB"), Err(Some("128.85 GB".into())));
    /// assert_eq!(SIZE.read("plenty"), Err(None));
    /// ```
    pub fn read(&self, text: &str) -> Result<u32, Option<String>> {
        self.parse(text).ok_or_else(|| {
            let (number, unit) = split(text);
            self.correct(number, unit)
                .filter(|corrected| self.parse(corrected).is_some())
        })
    }

    /// The text itself if it is a quantity, or else the quantity to write instead.
    pub(crate) fn suggestion(&self, text: &str) -> Option<String> {
        match self.read(text) {
            Ok(_) => Some(text.into()),
            Err(suggestion) => suggestion,
        }
    }

    fn parse(&self, text: &str) -> Option<u32> {
        let (number, unit) = split(text);
        let &(_, factor) = self.units.iter().find(|(name, _)| *name == unit)?;
        scale(number, factor)
    }

    /// The quantity to write instead of a number and a unit that is missing, misspelt or mistaken.
    fn correct(&self, number: &str, unit: &str) -> Option<String> {
        if unit.is_empty() {
            return scale(number, 1).map(|_| self.write(number, self.usual_unit));
        }
        if let Some(base) = self.sum(number, unit) {
            return Some(self.show(base));
        }
        let same = |name: &str| name.eq_ignore_ascii_case(unit);
        if let Some((name, factor)) = self.units.iter().find(|(name, _)| same(name)) {
            return match scale(number, *factor) {
                Some(_) => Some(self.write(number, name)),
                None => scale(number, factor * 1000).map(|base| self.show(base.div_ceil(1000))),
            };
        }
        // Longest case-sensitive match first: `M` and `m` differ, `GIB` and `GiB` do not.
        let exact = self.mistaken.iter().find(|(name, ..)| *name == unit);
        let (_, name, numerator, denominator) =
            exact.or_else(|| self.mistaken.iter().find(|(name, ..)| same(name)))?;
        let thousandths = u64::from(scale(number, 1000)?);
        let whole = thousandths
            .checked_mul(*numerator)?
            .div_ceil(denominator * 1000);
        // Sizes in GiB stay exact: rounded up to GB they could exceed what a card has.
        let is_binary = *name == self.units[0].0 && numerator != denominator;
        Some(match u32::try_from(whole) {
            Ok(base) if is_binary => self.show(base),
            _ => self.write(&whole.to_string(), name),
        })
    }

    /// The sum of several quantities, such as `1h30m`.
    fn sum<'a>(&self, mut number: &'a str, mut rest: &'a str) -> Option<u32> {
        let mut sum = 0u32;
        loop {
            let end = rest
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (unit, others) = rest.split_at(end);
            let &(_, factor) = self.units.iter().find(|(name, _)| *name == unit.trim())?;
            sum = sum.checked_add(scale(number, factor)?)?;
            if others.is_empty() {
                return Some(sum);
            }
            (number, rest) = split(others);
        }
    }

    /// Why a quantity that people write is not taken, where the units do not show it.
    pub(crate) fn note(&self, given: &str) -> Option<&'static str> {
        let (_, unit) = split(given);
        if self.spaced && unit.contains(['i', 'I']) {
            return Some("sizes are decimal, as in the catalogue: 1 GB = 1000 MB");
        }
        let is_milliseconds = unit.eq_ignore_ascii_case("ms");
        is_milliseconds.then_some("durations are whole seconds")
    }

    fn write(&self, number: &str, unit: &str) -> String {
        let space = if self.spaced { " " } else { "" };
        format!("{number}{space}{unit}")
    }

    /// The names of the units, as in `` `MB`, `GB` or `TB` ``.
    pub(crate) fn unit_names(&self) -> String {
        joined(self.units.iter().map(|(name, _)| in_backticks(name)), "or")
    }

    /// A value of `key` that is not a quantity, and the quantity to write instead.
    pub(crate) fn problem(&self, key: &str, given: &str, suggestion: Option<String>) -> Problem {
        let units = self.unit_names();
        let example = suggestion.as_deref().unwrap_or(self.example);
        let problem = Problem::new(format!(
            "`{key}` takes {} in {units}, not `{}`",
            self.what,
            visible(given)
        ))
        .help(format!("write `{key} = \"{example}\"`"));
        match self.note(given) {
            Some(note) => problem.note(note),
            None => problem,
        }
    }

    /// Shows a number of base units in the largest unit in which it is at least 1. Durations stay
    /// whole numbers.
    ///
    /// ```
    /// use machinist_core::unit::{BANDWIDTH, DURATION, SIZE};
    ///
    /// assert_eq!(SIZE.show(141_000), "141 GB");
    /// assert_eq!(BANDWIDTH.show(3_400), "3.4 TB/s");
    /// assert_eq!(DURATION.show(90), "90s");
    /// assert_eq!(DURATION.show(3_600), "1h");
    /// ```
    pub fn show(&self, base: u32) -> String {
        let decimal = self.spaced;
        let fits = |factor: u32| base >= factor && (decimal || base % factor == 0);
        let (name, factor) = self
            .units
            .iter()
            .rfind(|(_, factor)| fits(*factor))
            .unwrap_or(&self.units[0]);
        let number = if decimal {
            decimals(base, *factor)
        } else {
            (base / factor).to_string()
        };
        self.write(&number, name)
    }
}

/// Splits a text into its number and the unit after it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::{BANDWIDTH, DURATION, SIZE};

    #[test]
    fn a_mistaken_quantity_is_corrected() {
        for (quantity, text, corrected) in [
            (&SIZE, "120gb", Some("120 GB")),
            (&SIZE, "80 G", Some("80 GB")),
            (&SIZE, "24 GiB", Some("25.77 GB")),
            (&SIZE, "1 TiB", Some("1.099512 TB")),
            (&SIZE, "0.0001 MB", None),
            (&SIZE, "120", Some("120 GB")),
            (&BANDWIDTH, "3 TB", Some("3 TB/s")),
            (&BANDWIDTH, "3 tb/s", Some("3 TB/s")),
            (&DURATION, "15 min", Some("15m")),
            (&DURATION, "500ms", Some("1s")),
            (&DURATION, "2d", Some("48h")),
            (&DURATION, "1.5s", Some("2s")),
            (&DURATION, "1h30m", Some("90m")),
            (&DURATION, "1h 1m 30s", Some("3690s")),
            (&DURATION, "1h30q", None),
            (&DURATION, "90", Some("90s")),
            (&DURATION, "-5s", None),
            (&DURATION, "", None),
        ] {
            assert_eq!(
                quantity.read(text),
                Err(corrected.map(String::from)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_fraction_of_a_unit_is_read_if_it_is_whole_in_the_base_unit() {
        assert_eq!(DURATION.read("1.5h"), Ok(5_400));
        assert_eq!(SIZE.read("0.5GB"), Ok(500));
        assert_eq!(SIZE.read("99999999 TB"), Err(None));
    }
}
