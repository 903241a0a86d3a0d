//! The figures of a machine: one table with every key, its unit, how it adds up over GPUs, and
//! where it is shown.
//!
//! From it come the fields of [`Figures`], `machines.toml` and its reader, custom machine types in
//! records, the schema of the manifest, and the columns of `cargo machinist machines`.

#[cfg(feature = "rules")]
use alloc::{format, string::String};

use crate::json;
use crate::number::scale;
use crate::unit::{BANDWIDTH, PRECISION, SIZE, Unit, Words};

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
    /// Its key in `machines.toml`, in records and in all JSON.
    pub key: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// What it means.
    pub doc: &'static str,
    /// The head of its column.
    pub head: &'static str,
    /// Where `cargo machinist machines` shows it.
    pub shown: Shown,
    /// Which machine types of `machines.toml` have it.
    pub presence: Presence,
    /// The field of [`Figures`] that has it.
    pub field: &'static str,
    get: fn(&Figures) -> Option<u32>,
    set: fn(&mut Figures, u32),
    #[cfg(feature = "rules")]
    code: fn(&Figures) -> String,
}

/// Where a figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In the table of machine types.
    Always,
    /// In the table, where a machine type in it has the figure.
    WhenKnown,
    /// Where one machine type is shown in full.
    InFull,
}

/// Which machine types of `machines.toml` have a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Every new one.
    Required,
    /// Every new GPU type, and no CPU type.
    RequiredOfGpuTypes,
    /// GPU types that name it, and no CPU type.
    OptionalOfGpuTypes,
    /// Those that name it.
    Optional,
}

impl Presence {
    /// Whether CPU types lack it.
    pub const fn is_of_gpu_types(self) -> bool {
        matches!(self, Self::RequiredOfGpuTypes | Self::OptionalOfGpuTypes)
    }

    /// Whether a new machine type must name it.
    pub const fn is_required(self, of_gpu_type: bool) -> bool {
        match self {
            Self::Required => true,
            Self::RequiredOfGpuTypes => of_gpu_type,
            Self::OptionalOfGpuTypes | Self::Optional => false,
        }
    }
}

impl Figure {
    /// The figure of a machine in its [`unit`](Self::unit); `None` where nobody lists it.
    pub fn get(&self, figures: &Figures) -> Option<u32> {
        (self.get)(figures)
    }

    /// The value of its field as Rust code, which the attribute writes for a project's own machine
    /// types.
    #[cfg(feature = "rules")]
    pub fn code(&self, figures: &Figures) -> String {
        (self.code)(figures)
    }

    /// Sets the figure of a machine.
    pub fn set(&self, figures: &mut Figures, amount: u32) {
        (self.set)(figures, amount);
    }
}

/// What a field of [`Figures`] has before it is set.
trait Unset {
    const UNSET: Self;
}

impl Unset for u32 {
    const UNSET: Self = 0;
}

impl<T> Unset for Option<T> {
    const UNSET: Self = None;
}

/// How a field of [`Figures`] keeps an amount.
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

/// A figure over several GPUs: `sum` adds up, `each` stays one GPU's.
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

/// Makes the fields of [`Figures`] and the table from one list.
macro_rules! figures {
    ($(
        $(#[doc = $doc:literal])*
        $NAME:ident $field:ident: $type:ty, $over_gpus:ident,
        $key:literal $unit:expr, $head:literal $shown:ident $presence:ident;
    )*) => {
        /// The figures of a machine. They describe a runner with one GPU.
        ///
        /// ```
        /// use machinist_core::built_in::GPU_H100;
        ///
        /// assert_eq!(GPU_H100.figures.vram_mb, 80_000);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Figures {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl Figures {
            /// A CPU type of which nothing is known.
            pub const NONE: Self = Self { $($field: <$type as Unset>::UNSET,)* };

            /// The figures of a runner with this many GPUs; those of a CPU type stay as they are.
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
                shown: Shown::$shown,
                presence: Presence::$presence,
                field: stringify!($field),
                get: |figures| figures.$field.amount(),
                set: |figures, amount| figures.$field = Field::from_amount(amount),
                #[cfg(feature = "rules")]
                code: |figures| figures.$field.code(),
            };
        )*

        /// Every figure, in the order in which they are shown and written.
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
        "vram" Unit::Quantity(&SIZE), "VRAM" Always RequiredOfGpuTypes;
    /// Video memory in MB that software sees, which differs from the nominal size; `None` where it
    /// was not measured.
    VRAM_USABLE vram_usable_mb: Option<u32>, sum_if_listed,
        "vram_usable" Unit::Quantity(&SIZE), "USABLE VRAM" InFull OptionalOfGpuTypes;
    /// Main memory in MB.
    RAM ram_mb: u32, sum,
        "ram" Unit::Quantity(&SIZE), "RAM" Always Required;
    /// CPU cores in thousandths: 500 is half a core.
    CPUS millicores: u32, sum,
        "cpus" CORES, "CORES" Always Required;
    /// Bandwidth of the video memory of one GPU in GB/s; 0 on CPU types.
    BANDWIDTH_GB_S bandwidth_gb_s: u32, each,
        "bandwidth" Unit::Quantity(&BANDWIDTH), "BANDWIDTH" Always RequiredOfGpuTypes;
    /// Hardware video encoders (NVENC). 0: video is encoded in software on the CPU.
    ENCODERS encoders: u32, sum,
        "encoders" Unit::Count, "ENCODERS" Always OptionalOfGpuTypes;
    /// Hardware video decoders (NVDEC).
    DECODERS decoders: u32, sum,
        "decoders" Unit::Count, "DECODERS" Always OptionalOfGpuTypes;
    /// Whether the encoders write AV1; `None` where the platform does not say.
    AV1_ENCODE av1_encode: Option<bool>, each,
        "av1_encode" Unit::Flag, "AV1 ENCODE" Always OptionalOfGpuTypes;
    /// Numeric formats that the GPUs compute in, one bit a word of
    /// [`PRECISION`](crate::unit::PRECISION); `None` where nobody lists them.
    PRECISIONS precisions: Option<u32>, each,
        "precision" Unit::Words(&PRECISION), "PRECISION" InFull OptionalOfGpuTypes;
    /// Bandwidth between the GPUs of a runner by NVLink in GB/s; 0 where they have none, `None`
    /// where nobody lists it.
    NVLINK nvlink_gb_s: Option<u32>, each,
        "nvlink" Unit::Quantity(&BANDWIDTH), "NVLINK" InFull OptionalOfGpuTypes;
    /// Price of an hour in ten-thousandths of the currency of the bill; `None` where nobody says.
    PRICE_PER_HOUR price_per_hour: Option<u32>, sum_if_listed,
        "price_per_hour" PRICE, "PRICE/HOUR" WhenKnown Optional;
    /// The most GPUs of a runner; 0 on CPU types.
    MAX_GPUS max_gpus: u32, each,
        "max_gpus" Unit::Gpus, "MAX GPUS" InFull OptionalOfGpuTypes;
}

/// CPU cores, which may be fractions.
const CORES: Unit = Unit::Decimal {
    fractions: 1_000,
    what: "a number of cores",
};

/// Prices, which have cents and fractions of them.
const PRICE: Unit = Unit::Decimal {
    fractions: 10_000,
    what: "a price",
};

/// The figure of this key.
///
/// ```
/// assert!(machinist_core::figure::find("encoders").is_some());
/// ```
pub fn find(key: &str) -> Option<&'static Figure> {
    FIGURES.iter().copied().find(|figure| figure.key == key)
}

impl Unit {
    /// An amount as records and manifests write it: compact JSON.
    ///
    /// `None` where it is none.
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
                .map(|word| words.bit(json::text(word)?))
                .try_fold(0, |bits, bit| Some(bits | bit?)),
        }
    }
}

impl Words {
    /// The bit of a word; `None` where the set cannot have it.
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
        let place = self.all.iter().position(|known| *known == word)?;
        Some(1 << place)
    }
}
