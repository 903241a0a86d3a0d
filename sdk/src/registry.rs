//! The apps of the running program.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use machinist_core::{Spec, entry, json, record};

/// An app as it is submitted to the registry: its record, the same bytes that stand in the
/// binary's section.
///
/// Compiling a typed constant would take longer than all the rest of an expansion, and few
/// programs ask for it: so the record is read when they do.
#[derive(Debug)]
pub struct Registration(pub &'static [u8]);

inventory::collect!(Registration);

impl Registration {
    fn entry(&self) -> &'static str {
        // The macro wrote the record in this build: it decodes.
        let mut entries = record::decode(self.0).flatten();
        entries.next().unwrap_or_default()
    }
}

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
    specs().collect()
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
    specs().find(|app| app.name == name)
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
    for (i, known) in known().iter().enumerate() {
        if i > 0 {
            compact.push(',');
        }
        compact.push_str(known.entry);
    }
    compact.push_str("]}");
    let mut manifest = json::indent(&compact);
    manifest.push('\n');
    manifest
}

fn specs() -> impl Iterator<Item = &'static Spec> {
    known().iter().map(|known| &known.spec)
}

/// An app that was read.
struct Known {
    entry: &'static str,
    spec: Spec,
}

/// All apps, read when somebody first asks, and again when a library with more was loaded since.
#[allow(
    unsafe_code,
    reason = "without the standard library nothing else keeps what is made once"
)]
fn known() -> &'static [Known] {
    static KNOWN: AtomicPtr<Vec<Known>> = AtomicPtr::new(ptr::null_mut());
    // SAFETY: it is null or from the leaked box below, which nobody changes.
    let known = unsafe { KNOWN.load(Ordering::Acquire).as_ref() };
    match known {
        Some(known) if known.len() == inventory::iter::<Registration>.into_iter().count() => known,
        _ => {
            let read = Box::leak(Box::new(read()));
            // Another thread that was here first has read the same.
            KNOWN.store(read, Ordering::Release);
            read
        }
    }
}

fn read() -> Vec<Known> {
    let entries = inventory::iter::<Registration>
        .into_iter()
        .map(Registration::entry);
    let mut known: Vec<Known> = entries
        .map(|entry| Known {
            entry,
            // What the macro wrote can be read.
            spec: entry::read(entry).unwrap_or(Spec::EMPTY),
        })
        .collect();
    // The order of a build is no order: it differs between dev and release. An entry begins with
    // the app's name.
    known.sort_unstable_by_key(|known| known.entry);
    known
}
