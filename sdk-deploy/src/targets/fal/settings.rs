//! The settings of fal: the table `fal`.

use machinist_core::problem::Problem;
use machinist_core::text::visible;

use crate::settings::reader::{Item, Reader};

const ENV: &str = "env";
const TEAM: &str = "team";

/// Where on fal apps go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FalSettings {
    /// The platform's environment; by default that of the same name as the environment of the
    /// settings.
    pub env: Option<String>,
    /// The team; by default the account itself.
    pub team: Option<String>,
}

/// Reads the table.
pub(in crate::targets) fn read(
    table: &str,
    reader: &Reader,
    value: &Item<'_>,
) -> Result<FalSettings, Problem> {
    let mut settings = FalSettings::default();
    for (key, value) in reader.table(table, value)? {
        let name = |key| name(key, reader, value).map(Some);
        match &**key.get_ref() {
            ENV => settings.env = name(ENV)?,
            TEAM => settings.team = name(TEAM)?,
            _ => return Err(reader.unknown_key(key, &[ENV, TEAM])),
        }
    }
    Ok(settings)
}

/// A name that fal's client takes as the value of a flag.
fn name(key: &str, reader: &Reader, value: &Item<'_>) -> Result<String, Problem> {
    let name = reader.text(key, value)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.chars().all(is_name) && !name.starts_with('-') {
        return Ok(name.into());
    }
    let problem = Problem::new(format!(
        "`{}` is not the name of a fal `{key}`",
        visible(name)
    ));
    Err(reader.at(value, problem.help("write letters, digits and dashes")))
}
