//! The project's own machine types: where `machines.toml` is, and what it says.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use machinist_core::catalogue::Catalogue;
use machinist_core::own::{self, FILE};
use machinist_core::problem::Problem;

/// The machine types that the code of a package can name.
#[derive(Clone)]
pub(crate) struct Machines {
    pub(crate) catalogue: Catalogue,
    /// The file that some of them are from.
    pub(crate) file: Option<String>,
}

/// What was found for a package, and when. A compiler asks for every attribute of a crate in one
/// go; an IDE asks again and again, and the file may have changed or be new.
static LAST: Mutex<Option<(String, Instant, Machines)>> = Mutex::new(None);

/// For how long that is good.
const FRESH: Duration = Duration::from_secs(1);

/// The machine types that the code of this package can name.
pub(crate) fn machines(package: &str) -> Result<Machines, Problem> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_fresh =
        |(known, at, _): &&(String, Instant, Machines)| known == package && at.elapsed() < FRESH;
    if let Some((.., machines)) = last.as_ref().filter(is_fresh) {
        return Ok(machines.clone());
    }
    let machines = look(package)?;
    *last = Some((package.to_owned(), Instant::now(), machines.clone()));
    Ok(machines)
}

fn look(package: &str) -> Result<Machines, Problem> {
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

/// What was read last: the names and texts of machine types live as long as the process, so the
/// same file is read once.
static READ: Mutex<Option<(String, Catalogue)>> = Mutex::new(None);

fn read(text: String) -> Result<Catalogue, Problem> {
    let mut last = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, catalogue)) = last.as_ref().filter(|(known, _)| *known == text) {
        return Ok(catalogue.clone());
    }
    let machines = own::read(&text).map_err(|error| error.located(FILE))?;
    let catalogue = Catalogue::with(machines);
    *last = Some((text, catalogue.clone()));
    Ok(catalogue)
}
