//! The project's own machine types, from the `machines.toml` around this folder.

use std::fs;
use std::path::Path;

use machinist_core::catalogue::Catalogue;
use machinist_core::own::{self, FILE};

use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// The machine types that code in this folder can name.
pub(crate) fn catalogue() -> Result<Catalogue, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let has = |folder: &&Path, file: &str| folder.join(file).is_file();
    let cargo_toml =
        |folder: &&Path| fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let Some(folder) = own::nearest(here.ancestors(), has, cargo_toml) else {
        return Ok(Catalogue::built_in());
    };
    let path = relative_to_cwd(&folder.join(FILE));
    let shown = path.display().to_string();
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read `{shown}`: {error}")))?;
    let machines = own::read(&text).map_err(|error| error.located(&shown))?;
    Ok(Catalogue::with(machines))
}
