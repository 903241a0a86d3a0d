//! A platform's names of regions, from the settings.

use std::collections::BTreeMap;

use machinist_core::problem::Problem;

use super::carries::Carries;
use crate::artifact::SentRegionNames;
use crate::parameters::Parameters;

/// The key of the names in the table of a target.
pub(super) const REGIONS: &str = "regions";

/// A platform's names of regions, by ours.
pub type RegionNames = BTreeMap<String, String>;

/// The platform's names of an app's regions, in the app's order. Regions without a name are left
/// out.
pub(super) fn of_app<'n>(all: &Parameters, names: &'n RegionNames) -> Vec<&'n str> {
    let regions = all.regions().iter();
    regions
        .filter_map(|region| names.get(region).map(String::as_str))
        .collect()
}

/// The platform's names of an app's regions, by ours; `None` for those without a name.
pub(super) fn by_region(all: &Parameters, names: &RegionNames) -> SentRegionNames {
    let regions = all.regions().iter();
    regions
        .map(|region| (region.clone(), names.get(region).cloned()))
        .collect()
}

/// The rule of `regions` of a target with names in its table: those without a name are left out.
pub(super) fn rule<'n>(
    words: &'static str,
    platform: &'static str,
    table: &'static str,
    names: &'n RegionNames,
) -> Carries<'n> {
    let warnings = move |app: &str, all: &Parameters| {
        let regions = all.regions().iter();
        let unnamed = regions.filter(|region| !names.contains_key(*region));
        unnamed
            .map(|region| {
                Problem::new(format!(
                    "`{REGIONS}` of `{app}`: `{region}` is left out, because {platform}'s name of \
                     it is not known"
                ))
                .help(format!(
                    "write `{table}.{REGIONS}.{region} = \"...\"` in \
                     `[workspace.metadata.machinist]`"
                ))
            })
            .collect()
    };
    Carries::Depends(words, Box::new(warnings))
}
