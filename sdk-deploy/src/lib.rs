//! The deploy side of machinist: reads the records of apps out of binaries, without running
//! them, and makes the manifest of them.
//!
//! ```no_run
//! use machinist_deploy::{Image, Manifest};
//!
//! let llm = Image { name: "llm".into(), path: "target/release/llm".into() };
//! let manifest = Manifest::read(&[llm])?;
//! print!("{}", manifest.to_json());
//! # Ok::<(), machinist_deploy::ManifestError>(())
//! ```
//!
//! | to find | look into |
//! |---|---|
//! | where records stand in each file format | `read` and below |
//! | how records become a manifest | `manifest` |
//! | crates whose apps were not linked | `lost` |
//! | the manifest's JSON Schema | `schema` |

mod lost;
mod manifest;
mod read;
mod schema;

pub use lost::{Library, LostCrate, lost};
pub use manifest::{App, Image, MANIFEST_VERSION, Manifest, ManifestError, Source};
pub use read::{ReadError, ReadFault, Record, records, scan};
pub use schema::manifest_schema;
