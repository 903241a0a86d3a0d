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
//! | what is deployed where, as it is kept | `state` |
//! | what is deployed to one target, and what changes it | `deployed` |
//! | the state's file and its lock | `store` |
//! | what a deploy would change | `plan` |
//! | how it is carried out | `apply` |
//! | where it goes | `target` and below |
//! | machine types as targets need them | `machines` |
//! | how a platform's own tool is run | `tool` |
//! | a process that may not take for ever | `process` |
//! | the settings in Cargo.toml | `settings` |
//! | how files are written | `file` |

mod apply;
mod deployed;
mod file;
mod lost;
mod machines;
mod manifest;
mod plan;
mod process;
mod read;
mod schema;
mod settings;
mod state;
mod store;
mod target;
mod tool;

pub use apply::{Apply, ApplyError, Progress, write};
pub use deployed::{AppState, Deploy, Deployed, Live, LiveApp, Occasion};
pub use file::write_file;
pub use lost::{Library, LostCrate, WHY_LOST, lost};
pub use machines::OwnMachine;
pub use manifest::{App, Image, MANIFEST_VERSION, Manifest, ManifestError, Source};
pub use plan::{
    Action, AppPlan, Change, Effective, Options, Parameters, Plan, Reset, Tuned, Why, plan,
    rollback,
};
pub use read::{ReadError, ReadFault, Record, records, records_in, scan};
pub use schema::manifest_schema;
pub use settings::{AppSettings, CargoToml, KnativeSettings, Settings};
pub use state::{STATE_VERSION, State, StateError};
pub use store::{Store, StoreError};
pub use target::{
    Contents, Does, EFFECTIVE_FILE, FILE, Project, RenderedFile, Rendering, Step, TARGETS, Target,
    target,
};
pub use tool::{Limits, Tool, ToolCommand, shell_word};
