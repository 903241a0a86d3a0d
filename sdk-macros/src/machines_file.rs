//! The catalogue of a package: the built-in machine types, and those of its `machines.toml`.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use machinist_core::catalogue::Catalogue;
use machinist_core::machines_toml::{self, FILE};
use machinist_core::problem::Problem;

/// The catalogue of a package.
#[derive(Clone)]
pub(crate) struct PackageCatalogue {
    pub(crate) catalogue: Catalogue,
    /// The path of `machines.toml`, if the package has one.
    pub(crate) file: Option<String>,
}

/// A catalogue that was read, and the file's text.
struct Cached {
    /// The package's folder.
    folder: String,
    read_at: Instant,
    /// A catalogue is never freed, so the same text is not read again.
    text: String,
    catalogue: PackageCatalogue,
}

/// The catalogue that was read last. A compiler expands all attributes of a crate within moments.
/// An IDE expands them again and again in one process, while the file may change or appear.
static CACHE: Mutex<Option<Cached>> = Mutex::new(None);

/// For how long the catalogue is used before the file is read again.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The catalogue of the package in this folder.
pub(crate) fn catalogue_of(folder: &str) -> Result<PackageCatalogue, Problem> {
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let is_fresh = |cached: &&Cached| cached.folder == folder && cached.read_at.elapsed() < MAX_AGE;
    if let Some(cached) = cache.as_ref().filter(is_fresh) {
        return Ok(cached.catalogue.clone());
    }
    let (file, text) = read_file(folder)?;
    let catalogue = match cache.as_ref().filter(|cached| cached.text == text) {
        Some(cached) => cached.catalogue.catalogue.clone(),
        None => Catalogue::with(machines_toml::read(&text).map_err(|error| error.located(FILE))?),
    };
    let catalogue = PackageCatalogue { catalogue, file };
    *cache = Some(Cached {
        folder: folder.to_owned(),
        read_at: Instant::now(),
        text,
        catalogue: catalogue.clone(),
    });
    Ok(catalogue)
}

/// The path and the text of the `machines.toml` of a package; without a file no path and no text.
#[expect(clippy::disallowed_methods, reason = "to find and read machines.toml")]
fn read_file(folder: &str) -> Result<(Option<String>, String), Problem> {
    let has = |folder: &&Path, file: &str| folder.join(file).is_file();
    let cargo_toml =
        |folder: &&Path| fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    // The folder is empty if the compiler runs without cargo.
    let folders = Path::new(folder).ancestors().filter(|_| !folder.is_empty());
    let Some(folder) = machines_toml::nearest(folders, has, cargo_toml) else {
        return Ok((None, String::new()));
    };
    let path = folder.join(FILE);
    let displayed = path.to_string_lossy().into_owned();
    match fs::read_to_string(&path) {
        Ok(text) => Ok((Some(displayed), text)),
        Err(error) => Err(Problem::new(format!("cannot read `{displayed}`: {error}"))),
    }
}
