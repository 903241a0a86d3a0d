//! The environments of a project: `[workspace.metadata.machinist.env.NAME]`.

use std::collections::BTreeSet;
use std::fs;

use crate::settings::{CargoToml, ENV};

/// The names of the environments that these files have. For completion: a file that cannot be read
/// has none.
///
/// ```
/// use machinist_deploy::{CargoToml, environment_names};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("Cargo.toml");
/// std::fs::write(&path, "[workspace.metadata.machinist.env.prod]\nfeatures = [\"prod\"]\n")?;
/// let file = CargoToml { path, package: None };
/// assert_eq!(environment_names(&[file]), ["prod"]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn environment_names(files: &[CargoToml]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file.path).unwrap_or_default();
        let all: toml::Table = text.parse().unwrap_or_default();
        for section in ["workspace", "package"] {
            let settings = all.get(section).and_then(|it| it.get("metadata"));
            let environments = settings.and_then(|it| it.get("machinist")?.get(ENV)?.as_table());
            names.extend(
                environments
                    .into_iter()
                    .flat_map(toml::Table::keys)
                    .cloned(),
            );
        }
    }
    names.into_iter().collect()
}
