//! The apps of the running program.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use machinist_core::{Spec, entry, json, record};

/// An entry of the registry: the record of an app, the same bytes as in the binary's section.
///
/// The record is read only when the program asks for its apps, which few programs do. A typed
/// constant would take longer to compile than the rest of an expansion.
#[derive(Debug)]
pub struct Registration(pub &'static [u8]);

inventory::collect!(Registration);

impl Registration {
    fn entry(&self) -> &'static str {
        // The record is valid: the macro wrote it in this build.
        let mut entries = record::decode(self.0).flatten();
        entries.next().unwrap_or_default()
    }
}

/// Every app that is linked into the running program, sorted by name.
///
/// ```
/// #[machinist::app(machine_type = ["GPU-H100", "GPU-H200"])]
/// fn generate() {}
///
/// let names: Vec<&str> = machinist::apps().iter().map(|app| app.name).collect();
/// assert_eq!(names, ["generate"]);
/// ```
///
/// A crate that the program depends on but never names is not linked, and neither are its apps: add
/// `use that_crate as _;` to the program.
pub fn apps() -> Vec<&'static Spec> {
    specs().collect()
}

/// The app with this name.
///
/// ```
/// #[machinist::app(machine_type = "S", port = 8080)]
/// fn router() {}
///
/// assert_eq!(machinist::find("router").unwrap().code.port, Some(8080));
/// assert!(machinist::find("no-such-app").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Spec> {
    specs().find(|app| app.name == name)
}

/// The manifest of the running program, as `cargo machinist manifest` reads it from the binary, but
/// without the names of the binaries, which only the build knows.
///
/// ```
/// #[machinist::app(machine_type = "GPU-L40")]
/// fn transcode() {}
///
/// assert!(machinist::manifest().contains(r#""name": "transcode""#));
/// ```
pub fn manifest() -> String {
    let mut compact = String::from(r#"{"manifest_version":1,"apps":["#);
    for (i, app) in registered_apps().iter().enumerate() {
        if i > 0 {
            compact.push(',');
        }
        compact.push_str(app.entry);
    }
    compact.push_str("]}");
    let mut manifest = json::indent(&compact);
    manifest.push('\n');
    manifest
}

fn specs() -> impl Iterator<Item = &'static Spec> {
    registered_apps().iter().map(|app| &app.spec)
}

/// An app that was read from its record.
struct RegisteredApp {
    entry: &'static str,
    spec: Spec,
}

/// All apps. They are read at the first call, and again if a library with more apps was loaded
/// since.
#[allow(
    unsafe_code,
    reason = "without the standard library there is no safe `OnceLock`"
)]
fn registered_apps() -> &'static [RegisteredApp] {
    static APPS: AtomicPtr<Vec<RegisteredApp>> = AtomicPtr::new(ptr::null_mut());
    // SAFETY: the pointer is null, or from the leaked box below, which is never changed.
    let apps = unsafe { APPS.load(Ordering::Acquire).as_ref() };
    match apps {
        Some(apps) if apps.len() == inventory::iter::<Registration>.into_iter().count() => apps,
        _ => {
            let apps = Box::leak(Box::new(read_apps()));
            // Another thread may have stored its apps in between: they are equal.
            APPS.store(apps, Ordering::Release);
            apps
        }
    }
}

fn read_apps() -> Vec<RegisteredApp> {
    let entries = inventory::iter::<Registration>
        .into_iter()
        .map(Registration::entry);
    let mut apps: Vec<RegisteredApp> = entries
        .map(|entry| RegisteredApp {
            entry,
            // The entry is valid: the macro wrote it in this build.
            spec: entry::read(entry).unwrap_or(Spec::EMPTY),
        })
        .collect();
    // The linker's order differs between dev and release builds. An entry begins with the app's
    // name.
    apps.sort_unstable_by_key(|app| app.entry);
    apps
}
