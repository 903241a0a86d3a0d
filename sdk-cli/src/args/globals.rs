//! The flags that every subcommand takes.

use clap::{Args, ValueEnum};

/// The flag of the format.
pub(crate) const FORMAT: &str = "format";

/// The flags that every subcommand takes.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Format of the printed data; manifests and schemas are always JSON
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// Same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub(crate) json: bool,
    /// When to use colors [default: auto]
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<ColorWhen>,
    /// Print less: data, warnings and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more; -vv shows cargo's very verbose output
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Globals {
    /// The format of printed data.
    pub(crate) fn format(&self) -> Format {
        match self.json {
            true => Format::Json,
            false => self.format,
        }
    }
}

/// The format of printed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// When colors are used.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}
