//! Sizes, bandwidths and durations: how they are written and shown.
//!
//! Sizes are decimal, as the catalogue has them: 1 GB = 1000 MB.

use alloc::format;
use alloc::string::{String, ToString};

/// A unit's name and how many of the base unit it is.
type Unit = (&'static str, u32);

/// A kind of quantity: the units it is written in, and those that people write instead.
#[derive(Debug, PartialEq)]
pub struct Quantity {
    /// `a size`, as messages name it.
    pub what: &'static str,
    /// A value as it should be written.
    pub example: &'static str,
    /// The units, the base unit (factor 1) first.
    pub units: &'static [Unit],
    /// The unit that is meant where none is written.
    pub usual_unit: &'static str,
    /// What people write for a unit, the name of the unit to write, and how many of it that is
    /// as a numerator and a denominator.
    mistaken: &'static [(&'static str, &'static str, u64, u64)],
    spaced: bool,
}

/// Sizes in MB.
pub static SIZE: Quantity = Quantity {
    what: "a size",
    example: "120 GB",
    units: &[("MB", 1), ("GB", 1_000), ("TB", 1_000_000)],
    usual_unit: "GB",
    mistaken: &[
        ("MiB", "MB", 1 << 20, 1_000_000),
        ("GiB", "GB", 1 << 30, 1_000_000_000),
        ("TiB", "GB", 1 << 40, 1_000_000_000),
        ("M", "MB", 1, 1),
        ("Mi", "MB", 1 << 20, 1_000_000),
        ("G", "GB", 1, 1),
        ("Gi", "GB", 1 << 30, 1_000_000_000),
        ("T", "TB", 1, 1),
    ],
    spaced: true,
};

/// Bandwidths in GB/s.
pub static BANDWIDTH: Quantity = Quantity {
    what: "a bandwidth",
    example: "3 TB/s",
    units: &[("GB/s", 1), ("TB/s", 1_000)],
    usual_unit: "GB/s",
    mistaken: &[
        ("GB", "GB/s", 1, 1),
        ("TB", "TB/s", 1, 1),
        ("GBps", "GB/s", 1, 1),
        ("TBps", "TB/s", 1, 1),
        ("GiB/s", "GB/s", 1 << 30, 1_000_000_000),
        ("TiB/s", "GB/s", 1 << 40, 1_000_000_000),
    ],
    spaced: true,
};

/// Durations in seconds.
pub static DURATION: Quantity = Quantity {
    what: "a duration",
    example: "15m",
    units: &[("s", 1), ("m", 60), ("h", 3_600)],
    usual_unit: "s",
    mistaken: &[
        ("ms", "s", 1, 1_000),
        ("sec", "s", 1, 1),
        ("secs", "s", 1, 1),
        ("second", "s", 1, 1),
        ("seconds", "s", 1, 1),
        ("min", "m", 1, 1),
        ("mins", "m", 1, 1),
        ("minute", "m", 1, 1),
        ("minutes", "m", 1, 1),
        ("hr", "h", 1, 1),
        ("hour", "h", 1, 1),
        ("hours", "h", 1, 1),
        ("d", "h", 24, 1),
        ("day", "h", 24, 1),
        ("days", "h", 24, 1),
        ("w", "h", 168, 1),
    ],
    spaced: false,
};

impl Quantity {
    /// Reads a text, in the base unit.
    ///
    /// # Errors
    ///
    /// What to write instead, where that can be told.
    ///
    /// ```
    /// use machinist_core::unit::{DURATION, SIZE};
    ///
    /// assert_eq!(SIZE.read("1.5 TB"), Ok(1_500_000));
    /// assert_eq!(DURATION.read("15m"), Ok(900));
    /// assert_eq!(SIZE.read("120 GiB"), Err(Some("129 GB".into())));
    /// assert_eq!(SIZE.read("plenty"), Err(None));
    /// ```
    pub fn read(&self, text: &str) -> Result<u32, Option<String>> {
        self.parse(text).ok_or_else(|| {
            let (number, unit) = split(text);
            self.instead(number, unit)
                .filter(|instead| self.parse(instead).is_some())
        })
    }

    /// The text, if it can be read, or else what was meant by it.
    pub(crate) fn meant(&self, text: &str) -> Option<String> {
        match self.read(text) {
            Ok(_) => Some(text.into()),
            Err(instead) => instead,
        }
    }

    fn parse(&self, text: &str) -> Option<u32> {
        let (number, unit) = split(text);
        let &(_, factor) = self.units.iter().find(|(name, _)| *name == unit)?;
        scale(number, factor)
    }

    fn instead(&self, number: &str, unit: &str) -> Option<String> {
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
        let (_, name, times, over) =
            exact.or_else(|| self.mistaken.iter().find(|(name, ..)| same(name)))?;
        let thousandths = u64::from(scale(number, 1000)?);
        let whole = thousandths.checked_mul(*times)?.div_ceil(over * 1000);
        Some(self.write(&whole.to_string(), name))
    }

    /// The sum of several, such as `1h30m`.
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

    /// What makes `given` different from what is taken, where that needs saying.
    pub(crate) fn note(&self, given: &str) -> &'static str {
        let (_, unit) = split(given);
        if self.spaced && unit.contains(['i', 'I']) {
            return "sizes are decimal, as the catalogue has them: 1 GB = 1000 MB";
        }
        if unit.eq_ignore_ascii_case("ms") {
            "whole seconds are the finest"
        } else {
            ""
        }
    }

    fn write(&self, number: &str, unit: &str) -> String {
        let space = if self.spaced { " " } else { "" };
        format!("{number}{space}{unit}")
    }

    /// Shows a value of the base unit in the largest unit in which it is at least 1, shortly.
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

/// A number of thousandths, millionths and so on as a decimal fraction.
///
/// ```
/// assert_eq!(machinist_core::unit::decimals(500, 1_000), "0.5");
/// assert_eq!(machinist_core::unit::decimals(12_000, 1_000), "12");
/// ```
pub fn decimals(number: u32, factor: u32) -> String {
    let (whole, rest) = (number / factor, number % factor);
    if rest == 0 {
        return whole.to_string();
    }
    let width = factor.ilog10() as usize;
    let fraction = format!("{rest:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// A decimal number times a factor, if that is whole.
///
/// ```
/// assert_eq!(machinist_core::unit::scale("0.5", 1_000), Some(500));
/// assert_eq!(machinist_core::unit::scale("0.0005", 1_000), None);
/// ```
pub fn scale(number: &str, factor: u32) -> Option<u32> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let denominator = 10u64.pow(u32::try_from(fraction.len()).ok()?);
    let whole: u64 = whole.parse().ok()?;
    let numerator = whole
        .checked_mul(denominator)?
        .checked_add(fraction.parse().ok()?)?;
    let scaled = numerator.checked_mul(u64::from(factor))?;
    if scaled % denominator != 0 {
        return None;
    }
    u32::try_from(scaled / denominator).ok()
}

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

    #[test]
    fn what_people_write_is_answered_with_what_to_write() {
        for (quantity, text, instead) in [
            (&SIZE, "120gb", Some("120 GB")),
            (&SIZE, "80 G", Some("80 GB")),
            (&SIZE, "24 GiB", Some("26 GB")),
            (&SIZE, "1 TiB", Some("1100 GB")),
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
                Err(instead.map(String::from)),
                "{text}"
            );
        }
    }

    #[test]
    fn fractions_that_come_out_whole_are_read() {
        assert_eq!(DURATION.read("1.5h"), Ok(5_400));
        assert_eq!(SIZE.read("0.5GB"), Ok(500));
        assert_eq!(SIZE.read("99999999 TB"), Err(None));
    }
}
