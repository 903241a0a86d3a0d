//! The project's own machine types: where `machines.toml` is, and what it says.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use machinist_core::catalogue::Catalogue;
use machinist_core::own::{self, FILE};
use machinist_core::problem::Problem;

/// The machine types that the code of a package can name.
pub(crate) struct Machines {
    pub(crate) catalogue: Catalogue,
    /// The file that some of them are from.
    pub(crate) file: Option<String>,
}

/// What was read last: an IDE expands the same attributes again and again.
static LAST: Mutex<Option<(String, Catalogue)>> = Mutex::new(None);

/// The machine types that the code of this package can name.
pub(crate) fn machines(package: &str) -> Result<Machines, Problem> {
    let folders = Path::new(package).ancestors();
    let has_file = |folder: &&Path| folder.join(FILE).is_file();
    let folder = match package {
        // Without cargo there is no package.
        "" => None,
        _ => own::nearest(folders, has_file, |folder| is_workspace(folder)),
    };
    let Some(folder) = folder else {
        return Ok(Machines {
            catalogue: Catalogue::built_in(),
            file: None,
        });
    };
    let path = folder.join(FILE);
    let shown = path.to_string_lossy().into_owned();
    let text = fs::read_to_string(&path)
        .map_err(|error| Problem::new(format!("cannot read `{shown}`: {error}")))?;
    Ok(Machines {
        catalogue: read(text)?,
        file: Some(shown),
    })
}

fn is_workspace(folder: &Path) -> bool {
    let cargo_toml = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    folder.join("Cargo.lock").is_file() || own::is_workspace(&cargo_toml)
}

fn read(text: String) -> Result<Catalogue, Problem> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, catalogue)) = last.as_ref().filter(|(known, _)| *known == text) {
        return Ok(catalogue.clone());
    }
    let machines = own::read(&text).map_err(|error| error.located(FILE))?;
    let catalogue = Catalogue::with(machines);
    *last = Some((text, catalogue.clone()));
    Ok(catalogue)
}
