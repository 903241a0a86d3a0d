//! The target `file`: one file with the parameters in effect.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use machinist_core::json;
use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use serde::Serialize;

use super::carries::Carries;
use super::interface::{Project, Target};
use crate::app_plan::{Action, AppPlan, Plan};
use crate::artifact::Artifact;
use crate::bindings::Bindings;
use crate::deployed::{AppState, Deployed};
use crate::history::Deploy;
use crate::live::Live;
use crate::parameters::Parameters;
use crate::rendering::{RenderedFile, Rendering};
use crate::tool::ToolCommand;

/// The name of the target that needs no platform.
pub const NAME: &str = "file";

/// The name of the file that this target writes beside a state. States of different names have
/// files of different names.
///
/// ```
/// use std::path::Path;
/// use machinist_deploy::effective_file;
///
/// let name = |state: &str| effective_file(Path::new(state));
/// assert_eq!(name("deploy/machinist-state.json"), "machinist-effective.json");
/// assert_eq!(name("machinist-state.prod.json"), "machinist-effective.prod.json");
/// assert_eq!(name("prod.json"), "prod.effective.json");
/// ```
pub fn effective_file(state_file: &Path) -> String {
    let name = state_file.file_name().unwrap_or_default().to_string_lossy();
    let (stem, extension) = match name.strip_suffix(".json") {
        Some(stem) => (stem, ".json"),
        None => (&*name, ""),
    };
    // With the suffix, a default name may be that of another state's file.
    if !stem.ends_with(SUFFIX) {
        for (state, effective) in NAMES {
            if let Some(rest) = name.strip_prefix(state) {
                return format!("{effective}{rest}");
            }
        }
    }
    format!("{stem}{SUFFIX}{extension}")
}

/// The beginnings of the default names of states, and of the names of their files.
const NAMES: [(&str, &str); 2] = [
    ("machinist-state.", "machinist-effective."),
    ("state.", "effective."),
];

/// What other names of states get for their files.
const SUFFIX: &str = ".effective";

/// The version of the file.
const VERSION: u32 = 1;

/// The target `file`.
pub(super) struct File {
    project: Project,
    folder: PathBuf,
    effective_file: String,
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
    #[serde(flatten)]
    bindings: Bindings,
}

impl File {
    pub(super) fn new(project: Project) -> Self {
        Self {
            folder: project.state_file.with_file_name(""),
            effective_file: effective_file(&project.state_file),
            project,
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

    fn deploy(&self, plan: &Plan, after: &Deployed) -> Result<Rendering, Problem> {
        let is_deployed = |app: &&AppPlan| match app.action {
            Action::Create | Action::Adopt | Action::Update | Action::Unchanged => true,
            Action::Orphaned | Action::Delete => false,
        };
        let deployed = plan.apps.iter().filter(is_deployed);
        let artifacts = deployed.map(|app| {
            let artifact = Artifact {
                bindings: self.project.settings(&app.name).bindings,
                ..Artifact::default()
            };
            (app.name.clone(), artifact)
        });
        Ok(self.render(after, artifacts.collect()))
    }

    fn scale(&self, _: &AppPlan, after: &Deployed) -> Result<Rendering, Problem> {
        Ok(self.render(after, BTreeMap::new()))
    }

    fn roll_back(&self, _: &AppPlan, _: &Deploy, after: &Deployed) -> Result<Rendering, Problem> {
        Ok(self.render(after, BTreeMap::new()))
    }
}

impl File {
    /// The file of what is deployed afterwards. What the apps are given by name is that of these
    /// artifacts, and of other apps that of the state.
    fn render(&self, after: &Deployed, artifacts: BTreeMap<String, Artifact>) -> Rendering {
        let deployed = after.apps.iter().filter(|(_, app)| app.is_deployed());
        let bindings_of = |name: &String, app: &AppState| {
            let artifact = artifacts.get(name).or(app.artifact.as_ref());
            artifact.map_or_else(Bindings::default, |artifact| artifact.bindings.clone())
        };
        let apps = deployed.map(|(name, app)| EffectiveApp {
            bindings: bindings_of(name, app),
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
        let text = json::indent(&compact) + "\n";
        let file = RenderedFile::text(&self.effective_file, text);
        let mut rendering = Rendering {
            files: vec![file],
            ..Rendering::default()
        };
        for (name, artifact) in artifacts {
            rendering.app(&name).artifact = Some(artifact);
        }
        rendering
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the names of states and of their files are made of.
    const PARTS: [&str; 8] = [
        "machinist",
        "state",
        "effective",
        "prod",
        "json",
        ".json",
        "-",
        ".",
    ];

    #[test]
    fn two_states_have_two_files() {
        let mut names = vec![String::new()];
        let mut state_of_file: BTreeMap<String, String> = BTreeMap::new();
        for _ in 0..5 {
            let longer = |name: &String| PARTS.map(|part| name.clone() + part);
            names = names.iter().flat_map(longer).collect();
            let is_name = |name: &&String| !matches!(&***name, "." | "..");
            for name in names.iter().filter(is_name) {
                let file = effective_file(Path::new(name));
                assert_ne!(file, *name);
                let other = state_of_file.insert(file, name.clone());
                assert!(
                    other.as_ref().is_none_or(|other| other == name),
                    "{name} and {other:?}"
                );
            }
        }
    }
}
