//! The machine types that a package can name: those of its `machines.toml` and the built-in ones.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use machinist_core::catalogue::Catalogue;
use machinist_core::machines_toml::{self, FILE};
use machinist_core::problem::Problem;

/// The machine types that the code of a package can name.
#[derive(Clone)]
pub(crate) struct Machines {
    pub(crate) catalogue: Catalogue,
    /// The file that some of them are from.
    pub(crate) file: Option<String>,
}

/// The machine types that were read for a package.
struct Found {
    package: String,
    at: Instant,
    /// The names and texts of machine types live as long as the process, so the same file is
    /// read once.
    text: String,
    machines: Machines,
}

/// The machine types that were read last. A compiler asks for every attribute of a crate in one go; an IDE asks
/// again and again, and the file may have changed or be new.
static LAST: Mutex<Option<Found>> = Mutex::new(None);

/// For how long they are used without a look at the file.
const FRESH: Duration = Duration::from_secs(1);

/// The machine types that the code of this package can name.
pub(crate) fn machines(package: &str) -> Result<Machines, Problem> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_fresh = |found: &&Found| found.package == package && found.at.elapsed() < FRESH;
    if let Some(found) = last.as_ref().filter(is_fresh) {
        return Ok(found.machines.clone());
    }
    let (file, text) = read_file(package)?;
    let catalogue = match last.as_ref().filter(|found| found.text == text) {
        Some(found) => found.machines.catalogue.clone(),
        None => Catalogue::with(machines_toml::read(&text).map_err(|error| error.located(FILE))?),
    };
    let machines = Machines { catalogue, file };
    *last = Some(Found {
        package: package.to_owned(),
        at: Instant::now(),
        text,
        machines: machines.clone(),
    });
    Ok(machines)
}

/// The path and the text of the file for a package; no path and no text where there is none.
#[expect(clippy::disallowed_methods, reason = "to find and read machines.toml")]
fn read_file(package: &str) -> Result<(Option<String>, String), Problem> {
    let has = |folder: &&Path, file: &str| folder.join(file).is_file();
    let cargo_toml =
        |folder: &&Path| fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    // Without cargo there is no package.
    let folders = Path::new(package)
        .ancestors()
        .filter(|_| !package.is_empty());
    let Some(folder) = machines_toml::nearest(folders, has, cargo_toml) else {
        return Ok((None, String::new()));
    };
    let path = folder.join(FILE);
    let shown = path.to_string_lossy().into_owned();
    match fs::read_to_string(&path) {
        Ok(text) => Ok((Some(shown), text)),
        Err(error) => Err(Problem::new(format!("cannot read `{shown}`: {error}"))),
    }
}
