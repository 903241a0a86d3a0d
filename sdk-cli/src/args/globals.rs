//! The flags that every subcommand takes.

use clap::{Args, ValueEnum};

/// The flag of the format.
pub(crate) const FORMAT: &str = "format";

/// The flags that every subcommand takes.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Format of the printed data; manifests and schemas are always JSON, and `plan` alone has
    /// markdown
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// Same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub(crate) json: bool,
    /// The environment of the settings, such as `prod` [default: MACHINIST_ENV, or none]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
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

/// The variable that chooses the environment where no flag does.
pub(crate) const ENVIRONMENT_VARIABLE: &str = "MACHINIST_ENV";

impl Globals {
    /// The format of printed data.
    pub(crate) fn format(&self) -> Format {
        match self.json {
            true => Format::Json,
            false => self.format,
        }
    }

    /// The environment of the settings, if one is chosen.
    pub(crate) fn environment(&self) -> Option<String> {
        environment(self.env.clone())
    }
}

/// The environment that a flag chooses, or else the variable.
pub(crate) fn environment(flag: Option<String>) -> Option<String> {
    let variable = || std::env::var(ENVIRONMENT_VARIABLE).ok();
    // An empty variable chooses none, as one that is not set.
    flag.or_else(|| variable().filter(|name| !name.is_empty()))
}

/// The format of printed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Markdown,
}

/// When colors are used.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}
