//! The apps of the running program.

use alloc::string::String;
use alloc::vec::Vec;

use machinist_core::{Spec, json, record};

use crate::__private::{Registration, inventory};

/// Every app that is linked into the running program, by name.
///
/// ```
/// #[machinist::app(machine_type = ["GPU-H100", "GPU-H200"])]
/// fn generate() {}
///
/// let names: Vec<&str> = machinist::apps().iter().map(|app| app.name).collect();
/// assert_eq!(names, ["generate"]);
/// ```
///
/// A crate that the program depends on but never names is not linked, nor are its apps:
/// `use that_crate as _;` is the remedy.
pub fn apps() -> Vec<&'static Spec> {
    registrations()
        .into_iter()
        .map(|registration| registration.spec)
        .collect()
}

/// The app of this name.
///
/// ```
/// #[machinist::app(machine_type = "S", port = 8080)]
/// fn router() {}
///
/// assert_eq!(machinist::find("router").unwrap().code.port, Some(8080));
/// assert!(machinist::find("no-such-app").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Spec> {
    apps().into_iter().find(|app| app.name == name)
}

/// The manifest of the running program: what `cargo machinist manifest` reads out of its binary,
/// but for the names of the binaries, which only the build knows.
///
/// ```
/// #[machinist::app(machine_type = "GPU-L40")]
/// fn transcode() {}
///
/// assert!(machinist::manifest().contains(r#""name": "transcode""#));
/// ```
pub fn manifest() -> String {
    let mut compact = String::from(r#"{"manifest_version":1,"apps":["#);
    for (i, registration) in registrations().into_iter().enumerate() {
        if i > 0 {
            compact.push(',');
        }
        // The macro wrote the record in this build: it decodes.
        compact.extend(record::decode(registration.record).flatten());
    }
    compact.push_str("]}");
    let mut manifest = json::indent(&compact);
    manifest.push('\n');
    manifest
}

fn registrations() -> Vec<&'static Registration> {
    let mut all: Vec<&Registration> = inventory::iter::<Registration>.into_iter().collect();
    // The order of a build is no order: it differs between dev and release.
    all.sort_unstable_by_key(|registration| (registration.spec.name, registration.record));
    all
}
