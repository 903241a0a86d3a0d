//! The units of figures, requirements and durations.
//!
//! Sizes are decimal, as the catalogue has them: 1 GB = 1000 MB.

/// The unit of an amount. Every amount is a `u32`, a multiple of the base unit.
///
/// ```
/// use machinist_core::figure;
/// use machinist_core::unit::{SIZE, Unit};
///
/// assert_eq!(figure::VRAM.unit, Unit::Quantity(&SIZE));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// A size or a bandwidth.
    Quantity(&'static Quantity),
    /// A decimal number, kept as a number of fractions.
    Decimal {
        /// How many fractions make 1: 1000 for thousandths.
        fractions: u32,
        /// What messages call such a number: `a price`.
        what: &'static str,
    },
    /// A whole number.
    Count,
    /// A maximum number of GPUs: a whole number from 1 to [`GPU_LIMIT`].
    ///
    /// [`GPU_LIMIT`]: crate::parameter::GPU_LIMIT
    Gpus,
    /// `true` or `false`, as 1 or 0.
    Flag,
    /// One or several words of a set, one bit a word: the first word is bit 0.
    Words(&'static WordSet),
}

/// A set of words.
#[derive(Debug, PartialEq)]
pub struct WordSet {
    /// What messages call a word of the set: `precision`.
    pub what: &'static str,
    /// Every word, at most 32.
    pub all: &'static [&'static str],
}

/// A unit's name, and how many base units it is.
pub(crate) type NamedUnit = (&'static str, u32);

/// The name of a mistaken unit, the name of the unit to write instead, and how many of those it is,
/// as a numerator and a denominator.
pub(crate) type MistakenUnit = (&'static str, &'static str, u64, u64);

/// A kind of quantity: the units that it is written in, and those that people write by mistake.
#[derive(Debug, PartialEq)]
pub struct Quantity {
    /// What messages call it: `a size`.
    pub what: &'static str,
    /// A valid value.
    pub example: &'static str,
    /// The units, the base unit (factor 1) first.
    pub units: &'static [NamedUnit],
    /// The unit to suggest for a number without a unit.
    pub usual_unit: &'static str,
    /// Units that people write by mistake.
    pub(crate) mistaken: &'static [MistakenUnit],
    /// Whether a number and its unit are separated by a space and shown with decimals.
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

/// The numeric formats that a GPU computes in.
pub static PRECISION: WordSet = WordSet {
    what: "precision",
    all: &["bf16", "fp8", "fp6", "fp4"],
};
