//! Units: in what figures, requirements and durations are written.
//!
//! Sizes are decimal, as the catalogue has them: 1 GB = 1000 MB.

/// In what an amount is counted. Every amount is a `u32` in the base unit.
///
/// ```
/// use machinist_core::figure;
/// use machinist_core::unit::{SIZE, Unit};
///
/// assert_eq!(figure::VRAM.unit, Unit::Quantity(&SIZE));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// A size or a bandwidth, in its base unit.
    Quantity(&'static Quantity),
    /// A decimal number, in fractions of this size: 1000 for thousandths.
    Decimal {
        /// How many fractions are 1.
        fractions: u32,
        /// What is counted, as messages name it.
        what: &'static str,
    },
    /// A whole number.
    Count,
    /// The most GPUs of a runner: a whole number from 1 to [`GPU_LIMIT`].
    ///
    /// [`GPU_LIMIT`]: crate::parameter::GPU_LIMIT
    Gpus,
    /// 1 for yes.
    Flag,
    /// A set of these words, one bit a word: the first word is bit 0.
    Words(&'static Words),
}

/// The words of a set.
#[derive(Debug, PartialEq)]
pub struct Words {
    /// A word of the set, as messages name it.
    pub what: &'static str,
    /// Every word, at most 32.
    pub all: &'static [&'static str],
}

/// A unit's name and how many of the base unit it is.
pub(crate) type NamedUnit = (&'static str, u32);

/// A kind of quantity: the units it is written in, and those that people write instead.
#[derive(Debug, PartialEq)]
pub struct Quantity {
    /// `a size`, as messages name it.
    pub what: &'static str,
    /// A value as it should be written.
    pub example: &'static str,
    /// The units, the base unit (factor 1) first.
    pub units: &'static [NamedUnit],
    /// The unit that is meant where none is written.
    pub usual_unit: &'static str,
    /// What people write for a unit, the name of the unit to write, and how many of it that is
    /// as a numerator and a denominator.
    pub(crate) mistaken: &'static [(&'static str, &'static str, u64, u64)],
    /// Whether a number and its unit are written with a space, and shown with decimals.
    pub(crate) spaced: bool,
}

/// Sizes in MB.
pub static SIZE: Quantity = Quantity {
    what: "a size",
    example: "120 GB",
    units: &[("MB", 1), ("GB", 1_000), ("TB", 1_000_000)],
    usual_unit: "GB",
    mistaken: &[
        ("MiB", "MB", 1 << 20, 1_000_000),
        ("GiB", "MB", 1 << 30, 1_000_000),
        ("TiB", "MB", 1 << 40, 1_000_000),
        ("M", "MB", 1, 1),
        ("Mi", "MB", 1 << 20, 1_000_000),
        ("G", "GB", 1, 1),
        ("Gi", "MB", 1 << 30, 1_000_000),
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

/// Numeric formats that a GPU computes in.
pub static PRECISION: Words = Words {
    what: "precision",
    all: &["bf16", "fp8", "fp6", "fp4"],
};
