//! The deploy side of machinist: reads the records of apps out of binaries, without running
//! them, and makes the manifest of them.
//!
//! ```no_run
//! use machinist_deploy::{Binary, Manifest};
//!
//! let llm = Binary { name: "llm".into(), path: "target/release/llm".into() };
//! let manifest = Manifest::read(&[llm])?;
//! print!("{}", manifest.to_json());
//! # Ok::<(), machinist_deploy::ManifestError>(())
//! ```

mod ago;
mod app_plan;
mod apply;
mod artifact;
mod base_image;
mod bindings;
mod change;
mod check;
mod commit;
mod cost;
mod deployed;
mod dockerfile;
mod drift;
mod file;
mod git_command;
mod handover;
mod history;
mod image_check;
mod kept_plan;
mod libc;
mod limits;
mod live;
mod lost;
mod machines;
mod manifest;
mod mask;
mod newer_state;
mod parameters;
mod plan;
mod plan_differences;
mod process;
mod read;
mod refusals;
mod rendering;
mod requirements;
mod rollback;
mod schema;
mod settings;
mod settle;
mod state;
mod state_location;
mod status;
mod store;
mod targets;
mod tool;
mod tool_check;
mod total_cost;
mod tune;
mod wait;

pub use ago::ago;
pub use app_plan::{Action, AppPlan, Effective, Plan, Tuned};
pub use apply::{Apply, ApplyError, ApplyFailure, Progress, write};
pub use artifact::Artifact;
pub use bindings::Bindings;
pub use change::{ArtifactPart, Change, What, Why};
pub use check::{Check, CheckStatus};
pub use commit::Commit;
pub use cost::{CostChange, CostPerHour};
pub use deployed::{AppState, Deployed, Owner};
pub use drift::AppDrift;
pub use file::write_file;
pub use git_command::git_command;
pub use handover::{Handover, Question};
pub use history::{Deploy, DeployKind, DeployStamp};
pub use image_check::{RunsIn, check_image};
pub use kept_plan::{
    KEPT_PLAN_VERSION, KeptApps, KeptDestination, KeptOptions, KeptPlan, KeptState,
    kept_plan_schema,
};
pub use libc::{GlibcVersion, Libc};
pub use limits::Limits;
pub use live::{Live, LiveApp};
pub use lost::{Library, LostCrate, WHY_LOST, lost};
pub use machines::CustomMachine;
pub use manifest::{
    App, Binary, MANIFEST_VERSION, Manifest, ManifestError, Source, manifest_schema,
};
pub use parameters::{JsonValue, Overrides, ParameterName, Parameters};
pub use plan::{AppSet, Options, plan, removal};
pub use read::{BinaryNeeds, ReadError, ReadFault, Record, records, records_in, scan};
pub use refusals::Unread;
pub use rendering::{Contents, RenderedApp, RenderedFile, Rendering, Step, StepKind};
pub use requirements::Requirements;
pub use rollback::rollback;
pub use settings::{
    AppSettings, CargoToml, FirstScaling, PackageSettings, Settings, check_image_name,
    environment_names, file_of_environment,
};
pub use state::newest::KnownState;
pub use state::{STATE_VERSION, State, StateError};
pub use state_location::{GitRef, StateLocation, StateSetting};
pub use status::{AwaitedApp, Status, StatusQuestion};
pub use store::{ChangeNote, Holder, LogEntry, StateRef, Store, StoreError};
pub use targets::{
    Carries, CloudSettings, FILE, FalSettings, KnativeSettings, Project, RegionNames, Rule,
    TARGETS, Target, effective_file, target,
};
pub use tool::{Tool, ToolCommand, shell_word};
pub use total_cost::TotalCost;
pub use wait::{Wait, WaitResult, WaitedApp};
