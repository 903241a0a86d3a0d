//! Finds and reads the nearest `machines.toml`, which has the project's own machine types.

use std::fs;
use std::path::Path;

use machinist_core::catalogue::Catalogue;
use machinist_core::machines_toml::{self, FILE};

use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// The machine types that code in the current folder can name.
pub(crate) fn catalogue() -> Result<Catalogue, Failure> {
    catalogue_of(&std::env::current_dir().unwrap_or_default())
}

/// The machine types that code in this folder can name.
pub(crate) fn catalogue_of(folder: &Path) -> Result<Catalogue, Failure> {
    let has_file = |folder: &&Path, file: &str| folder.join(file).is_file();
    let cargo_toml =
        |folder: &&Path| fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let Some(folder) = machines_toml::nearest(folder.ancestors(), has_file, cargo_toml) else {
        return Ok(Catalogue::built_in());
    };
    let path = relative_to_cwd(&folder.join(FILE));
    let displayed = path.display().to_string();
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read `{displayed}`: {error}")))?;
    let machines = machines_toml::read(&text).map_err(|error| error.located(&displayed))?;
    Ok(Catalogue::with(machines))
}
