//! The target `file`: one file with the parameters in effect.

use std::path::{Path, PathBuf};

use machinist_core::json;
use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use serde::Serialize;

use super::carries::Carries;
use super::interface::{Contents, Project, RenderedFile, Rendering, Target};
use crate::app_plan::{AppPlan, Plan};
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::live::Live;
use crate::parameters::Parameters;
use crate::tool::ToolCommand;

/// The name of the target that needs no platform.
pub const NAME: &str = "file";

/// The file that this target writes beside the state.
pub const EFFECTIVE_FILE: &str = "machinist-effective.json";
/// The version of the file.
const VERSION: u32 = 1;

/// The target `file`.
pub(super) struct File {
    folder: PathBuf,
}

/// The effective manifest: the parameters of every deployed app, with tuned values.
#[derive(Serialize)]
struct EffectiveManifest<'a> {
    effective_version: u32,
    apps: Vec<EffectiveApp<'a>>,
}

#[derive(Serialize)]
struct EffectiveApp<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    binaries: &'a [String],
    code: Parameters,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    scaling: Parameters,
}

impl File {
    pub(super) fn new(project: Project) -> Self {
        Self {
            folder: project.state_folder,
        }
    }
}

impl Target for File {
    fn name(&self) -> &'static str {
        NAME
    }

    fn carries(&self, _: Key) -> Carries<'_> {
        // The file has all parameters, those of later versions too.
        Carries::Exactly
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.folder)
    }

    fn list_command(&self) -> Option<ToolCommand> {
        None
    }

    fn read_list(&self, _: &str, _: &Deployed) -> Result<Live, String> {
        Err(format!("the target `{NAME}` has no platform to ask"))
    }

    fn deploy(&self, _: &Plan, after: &Deployed) -> Result<Rendering, Problem> {
        Ok(render(after))
    }

    fn scale(&self, _: &AppPlan, after: &Deployed) -> Result<Rendering, Problem> {
        Ok(render(after))
    }

    fn roll_back(&self, _: &AppPlan, _: &Deploy, after: &Deployed) -> Result<Rendering, Problem> {
        Ok(render(after))
    }
}

fn render(after: &Deployed) -> Rendering {
    let apps = after.apps.iter().map(|(name, app)| EffectiveApp {
        name,
        binaries: &app.binaries,
        code: app.actual_code(),
        scaling: app.effective_scaling(),
    });
    let manifest = EffectiveManifest {
        effective_version: VERSION,
        apps: apps.collect(),
    };
    // Strings, numbers and maps with string keys: this serialization cannot fail.
    let compact = serde_json::to_string(&manifest).unwrap_or_default();
    let file = RenderedFile {
        path: EFFECTIVE_FILE.into(),
        contents: Contents::Text(json::indent(&compact) + "\n"),
    };
    Rendering {
        files: vec![file],
        ..Rendering::default()
    }
}
