//! The settings of a target that rents machines of clouds: its table.

use machinist_core::problem::Problem;

use super::region_names::{REGIONS, RegionNames};
use crate::settings::reader::{Item, Reader};

/// The settings of a target that rents machines of clouds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudSettings {
    /// The platform's names of regions.
    pub regions: RegionNames,
    /// The part of the platform that apps go to: a workspace of SkyPilot, a project of dstack. By
    /// default that which the platform's tool is set to.
    pub space: Option<String>,
}

/// The arguments of a command, with a flag behind the name of its subcommand.
pub(super) fn with_flag<'a>(args: &[&'a str], flag: Option<&'a str>) -> Vec<&'a str> {
    let (subcommand, rest) = args.split_at(args.len().min(1));
    let all = subcommand.iter().copied().chain(flag);
    all.chain(rest.iter().copied()).collect()
}

/// Reads the table of a target; `space` is what the platform calls its parts.
pub(super) fn read(
    key: &str,
    space: &'static str,
    reader: &Reader,
    value: &Item<'_>,
) -> Result<CloudSettings, Problem> {
    let mut settings = CloudSettings::default();
    for (key, value) in reader.table(key, value)? {
        match &**key.get_ref() {
            REGIONS => settings.regions = reader.texts_by_key(REGIONS, value)?,
            name if name == space => settings.space = Some(reader.text(space, value)?.into()),
            _ => return Err(reader.unknown_key(key, &[REGIONS, space])),
        }
    }
    Ok(settings)
}
