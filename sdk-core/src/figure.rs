//! The figures of a machine: one table with the key of each figure, its unit, how it adds up over
//! GPUs, and where it is shown.
//!
//! The table makes the fields of [`Figures`], the keys of `machines.toml` and of custom machine
//! types in records, the schema of the manifest, and the columns of `cargo machinist machines`.

#[cfg(feature = "rules")]
use alloc::{format, string::String};

use crate::json;
use crate::number::scale;
use crate::unit::{BANDWIDTH, PRECISION, SIZE, Unit, WordSet};

/// One figure of a machine.
///
/// ```
/// use machinist_core::built_in::GPU_H100;
/// use machinist_core::figure;
///
/// assert_eq!(figure::VRAM.key, "vram");
/// assert_eq!(figure::VRAM.get(&GPU_H100.figures), Some(80_000));
/// ```
#[derive(Debug)]
pub struct Figure {
    /// The key in `machines.toml`, in records and in all JSON.
    pub key: &'static str,
    /// The unit of the amounts.
    pub unit: Unit,
    /// What the figure means.
    pub doc: &'static str,
    /// The head of the column in tables.
    pub head: &'static str,
    /// Where `cargo machinist machines` shows the figure.
    pub visibility: Visibility,
    /// Which machine types of `machines.toml` have the figure.
    pub presence: Presence,
    /// The name of the field of [`Figures`].
    pub field: &'static str,
    get: fn(&Figures) -> Option<u32>,
    set: fn(&mut Figures, u32),
    #[cfg(feature = "rules")]
    code: fn(&Figures) -> String,
}

/// Where `cargo machinist machines` shows a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// As a column of the table of machine types.
    Always,
    /// As a column, if any machine type in the table has the figure.
    WhenKnown,
    /// Only in the details of one machine type.
    InDetails,
}

/// Which machine types of `machines.toml` have a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Every new machine type gives it.
    Required,
    /// Every new GPU type gives it; CPU types cannot have it.
    RequiredForGpu,
    /// GPU types may give it; CPU types cannot have it.
    OptionalForGpu,
    /// Any machine type may give it.
    Optional,
}

impl Presence {
    /// Whether CPU types cannot have the figure.
    pub const fn is_gpu_only(self) -> bool {
        matches!(self, Self::RequiredForGpu | Self::OptionalForGpu)
    }

    /// Whether a new machine type must give the figure.
    pub const fn is_required(self, is_gpu: bool) -> bool {
        match self {
            Self::Required => true,
            Self::RequiredForGpu => is_gpu,
            Self::OptionalForGpu | Self::Optional => false,
        }
    }
}

impl Figure {
    /// The amount of this figure that a machine has, in the figure's [`unit`](Self::unit); `None`
    /// if it is not known.
    pub fn get(&self, figures: &Figures) -> Option<u32> {
        (self.get)(figures)
    }

    /// The value of the field as Rust code, for custom machine types in the expansion of the
    /// attribute.
    #[cfg(feature = "rules")]
    pub fn code(&self, figures: &Figures) -> String {
        (self.code)(figures)
    }

    /// Sets the amount of this figure that a machine has.
    pub fn set(&self, figures: &mut Figures, amount: u32) {
        (self.set)(figures, amount);
    }
}

/// The value of a field of [`Figures`] that was not set.
trait Unset {
    const UNSET: Self;
}

impl Unset for u32 {
    const UNSET: Self = 0;
}

impl<T> Unset for Option<T> {
    const UNSET: Self = None;
}

/// The type of a field of [`Figures`]: how it stores an amount.
trait Field {
    fn amount(self) -> Option<u32>;
    fn from_amount(amount: u32) -> Self;
    #[cfg(feature = "rules")]
    fn code(self) -> String;
}

impl Field for u32 {
    fn amount(self) -> Option<u32> {
        Some(self)
    }

    fn from_amount(amount: u32) -> Self {
        amount
    }

    #[cfg(feature = "rules")]
    fn code(self) -> String {
        format!("{self}")
    }
}

impl Field for Option<u32> {
    fn amount(self) -> Option<u32> {
        self
    }

    fn from_amount(amount: u32) -> Self {
        Some(amount)
    }

    #[cfg(feature = "rules")]
    fn code(self) -> String {
        option_code(self)
    }
}

impl Field for Option<bool> {
    fn amount(self) -> Option<u32> {
        self.map(u32::from)
    }

    fn from_amount(amount: u32) -> Self {
        Some(amount == 1)
    }

    #[cfg(feature = "rules")]
    fn code(self) -> String {
        option_code(self)
    }
}

#[cfg(feature = "rules")]
fn option_code(value: Option<impl core::fmt::Display>) -> String {
    match value {
        Some(value) => format!("::core::option::Option::Some({value})"),
        None => "::core::option::Option::None".into(),
    }
}

/// A figure of a runner with several GPUs: `sum` adds up over the GPUs, `each` stays that of one
/// GPU.
macro_rules! over_gpus {
    (sum $figure:expr, $gpus:expr) => {
        $figure.saturating_mul($gpus)
    };
    (sum_if_listed $figure:expr, $gpus:expr) => {
        match $figure {
            Some(figure) => Some(figure.saturating_mul($gpus)),
            None => None,
        }
    };
    (each $figure:expr, $gpus:expr) => {
        $figure
    };
}

/// Makes the fields of [`Figures`] and the table of figures from one list. The last text of a row,
/// if there is one, says how the field stores the amount.
macro_rules! figures {
    ($(
        $(#[doc = $doc:literal])*
        $NAME:ident $field:ident: $type:ty, $over_gpus:ident,
        $key:literal $unit:expr, $head:literal $visibility:ident $presence:ident
        $(, $stored:literal)?;
    )*) => {
        /// The figures of a machine: those of a runner with one GPU.
        ///
        /// ```
        /// use machinist_core::built_in::GPU_H100;
        ///
        /// assert_eq!(GPU_H100.figures.vram_mb, 80_000);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Figures {
            $(
                $(#[doc = $doc])*
                $(#[doc = ""] #[doc = $stored])?
                pub $field: $type,
            )*
        }

        impl Figures {
            /// The figures of a CPU type before any is set.
            pub const NONE: Self = Self { $($field: <$type as Unset>::UNSET,)* };

            /// The figures of a runner with this many GPUs. The figures of a CPU type stay the
            /// same.
            ///
            /// ```
            /// use machinist_core::built_in::GPU_RTX5090;
            ///
            /// let two = GPU_RTX5090.figures.with_gpus(2);
            /// assert_eq!((two.vram_mb, two.encoders), (64_000, 6));
            /// assert_eq!(two.bandwidth_gb_s, GPU_RTX5090.figures.bandwidth_gb_s);
            /// ```
            pub const fn with_gpus(&self, gpus: u32) -> Self {
                let times = if self.max_gpus == 0 { 1 } else { gpus };
                Self { $($field: over_gpus!($over_gpus self.$field, times),)* }
            }
        }

        $(
            $(#[doc = $doc])*
            pub static $NAME: Figure = Figure {
                key: $key,
                unit: $unit,
                doc: concat!($($doc),*).trim_ascii(),
                head: $head,
                visibility: Visibility::$visibility,
                presence: Presence::$presence,
                field: stringify!($field),
                get: |figures| figures.$field.amount(),
                set: |figures, amount| figures.$field = Field::from_amount(amount),
                #[cfg(feature = "rules")]
                code: |figures| figures.$field.code(),
            };
        )*

        /// Every figure, in the order in which figures are shown and written.
        ///
        /// ```
        /// assert_eq!(machinist_core::figure::FIGURES[0].key, "vram");
        /// ```
        pub static FIGURES: &[&Figure] = &[$(&$NAME),*];
    };
}

figures! {
    /// Video memory in MB (1 GB = 1000 MB); 0 on CPU types.
    VRAM vram_mb: u32, sum,
        "vram" Unit::Quantity(&SIZE), "VRAM" Always RequiredForGpu;
    /// Video memory in MB that software can use, which differs from the nominal size.
    VRAM_USABLE vram_usable_mb: Option<u32>, sum_if_listed,
        "vram_usable" Unit::Quantity(&SIZE), "USABLE VRAM" InDetails OptionalForGpu,
        "`None` where it was not measured.";
    /// Main memory in MB.
    RAM ram_mb: u32, sum,
        "ram" Unit::Quantity(&SIZE), "RAM" Always Required;
    /// CPU cores, which may have a fraction.
    CPUS millicores: u32, sum,
        "cpus" CORES, "CORES" Always Required,
        "In thousandths: 500 is half a core.";
    /// Bandwidth of the video memory of one GPU in GB/s; 0 on CPU types.
    BANDWIDTH_GB_S bandwidth_gb_s: u32, each,
        "bandwidth" Unit::Quantity(&BANDWIDTH), "BANDWIDTH" Always RequiredForGpu;
    /// Hardware video encoders (NVENC). Where there are 0, the CPU encodes video in software.
    ENCODERS encoders: u32, sum,
        "encoders" Unit::Count, "ENCODERS" Always OptionalForGpu;
    /// Hardware video decoders (NVDEC).
    DECODERS decoders: u32, sum,
        "decoders" Unit::Count, "DECODERS" Always OptionalForGpu;
    /// Whether the encoders write AV1.
    AV1_ENCODE av1_encode: Option<bool>, each,
        "av1_encode" Unit::Flag, "AV1 ENCODE" Always OptionalForGpu,
        "`None` where it is not listed.";
    /// Numeric formats that the GPUs compute in.
    PRECISIONS precisions: Option<u32>, each,
        "precision" Unit::Words(&PRECISION), "PRECISION" InDetails OptionalForGpu,
        "One bit for each word of [`PRECISION`]; `None` where they are not listed.";
    /// Bandwidth of NVLink between the GPUs of a runner in GB/s; 0 where the GPUs have no NVLink.
    NVLINK nvlink_gb_s: Option<u32>, each,
        "nvlink" Unit::Quantity(&BANDWIDTH), "NVLINK" InDetails OptionalForGpu,
        "`None` where it is not listed.";
    /// Price of an hour, in the currency that the platform bills in.
    PRICE_PER_HOUR price_per_hour: Option<u32>, sum_if_listed,
        "price_per_hour" PRICE, "PRICE/HOUR" WhenKnown Optional,
        "In ten-thousandths; `None` where it is not listed.";
    /// The most GPUs of a runner; 0 on CPU types.
    MAX_GPUS max_gpus: u32, each,
        "max_gpus" Unit::Gpus, "MAX GPUS" InDetails OptionalForGpu;
}

/// A number of CPU cores, which may have a fraction.
const CORES: Unit = Unit::Decimal {
    fractions: 1_000,
    what: "a number of cores",
};

/// A price, with up to four decimals.
const PRICE: Unit = Unit::Decimal {
    fractions: 10_000,
    what: "a price",
};

/// The figure with this key.
///
/// ```
/// assert!(machinist_core::figure::find("encoders").is_some());
/// ```
pub fn find(key: &str) -> Option<&'static Figure> {
    FIGURES.iter().copied().find(|figure| figure.key == key)
}

impl Unit {
    /// Reads an amount from compact JSON, as records and manifests have it.
    ///
    /// `None` if the JSON is not an amount in this unit.
    ///
    /// ```
    /// use machinist_core::figure;
    ///
    /// assert_eq!(figure::CPUS.unit.from_json("0.5"), Some(500));
    /// assert_eq!(figure::AV1_ENCODE.unit.from_json("true"), Some(1));
    /// ```
    pub fn from_json(self, value: &str) -> Option<u32> {
        match self {
            Self::Quantity(_) | Self::Count | Self::Gpus => value.parse().ok(),
            Self::Decimal { fractions, .. } => scale(value, fractions),
            Self::Flag => match value {
                "true" => Some(1),
                "false" => Some(0),
                _ => None,
            },
            Self::Words(words) => json::parts(value)
                .map(|word| words.bit(json::unquoted(word)?))
                .try_fold(0, |bits, bit| Some(bits | bit?)),
        }
    }
}

impl WordSet {
    /// The bit of a word; `None` if the set does not have the word.
    ///
    /// ```
    /// use machinist_core::built_in::{GPU_A100, GPU_B200};
    /// use machinist_core::unit::PRECISION;
    ///
    /// let fp8 = PRECISION.bit("fp8").unwrap();
    /// let has_fp8 = |precisions: Option<u32>| precisions.unwrap_or(0) & fp8 != 0;
    /// assert!(has_fp8(GPU_B200.figures.precisions));
    /// assert!(!has_fp8(GPU_A100.figures.precisions));
    /// ```
    pub fn bit(&self, word: &str) -> Option<u32> {
        let index = self.all.iter().position(|candidate| *candidate == word)?;
        Some(1 << index)
    }
}
