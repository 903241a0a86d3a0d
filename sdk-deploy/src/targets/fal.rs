//! The target `fal`: the platform of the built-in machine types, by its command `fal`.
//!
//! The behaviour of its client was found by running it (version 1.83.0).

mod context;
mod live;
mod pyproject;

use std::path::Path;

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use machinist_core::setting::Setting;

use super::binary::which_binary;
use super::carries::{Carries, warnings};
use super::each_app::each_app;
use super::interface::{Project, Target};
use crate::app_plan::{Action, AppPlan, Plan};
use crate::artifact::Artifact;
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::live::Live;
use crate::manifest::Binary;
use crate::rendering::{Contents, RenderedApp, RenderedFile, Rendering, Step, StepKind};
use crate::tool::{Tool, ToolCommand};

/// The target's name.
pub(super) const NAME: &str = "fal";

static FAL: Tool = Tool {
    program: "fal",
    install: "`pip install fal` and `fal auth login`",
};

/// The target `fal`.
pub(super) struct Fal {
    project: Project,
}

impl Fal {
    pub(super) fn new(project: Project) -> Self {
        Self { project }
    }
}

impl Target for Fal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn carries(&self, key: Key) -> Carries<'_> {
        match key {
            Key::MachineType
            | Key::Gpus
            | Key::MaxMultiplexing
            | Key::StartupTimeout
            | Key::Port
            | Key::HealthCheck
            | Key::TerminationGracePeriod
            | Key::KeepAlive
            | Key::MinConcurrency
            | Key::MaxConcurrency
            | Key::ConcurrencyBuffer
            | Key::ConcurrencyBufferPerc
            | Key::ScalingDelay
            | Key::RequestTimeout
            | Key::RequestStartTimeout
            | Key::Regions => Carries::Exactly,
        }
    }

    fn list_command(&self) -> Option<ToolCommand> {
        Some(fal_command(&["apps", "list", "--output", "json"], None))
    }

    fn read_list(&self, text: &str, known: &Deployed) -> Result<Live, String> {
        live::parse(text, known)
    }

    fn deploy(&self, plan: &Plan, _: &Deployed) -> Result<Rendering, Problem> {
        let add = |app: &AppPlan, rendering: &mut Rendering| {
            self.add_files(app, rendering)?;
            rendering.steps.extend(deploy_steps(app));
            Ok(())
        };
        each_app(plan, add, |app| fal_command(&["apps", "delete", app], None))
    }

    fn scale(&self, app: &AppPlan, _: &Deployed) -> Result<Rendering, Problem> {
        if removes_regions(app) {
            return Err(
                Problem::new(format!("{NAME} cannot remove the regions of a running app"))
                    .help("name all of them, or reset the app's scaling with a deploy"),
            );
        }
        Ok(Rendering {
            steps: scale_step(app).into_iter().collect(),
            ..Rendering::default()
        })
    }

    fn roll_back(&self, app: &AppPlan, to: &Deploy, _: &Deployed) -> Result<Rendering, Problem> {
        // A leading dash would make it an option.
        let revision = to.revision.as_ref();
        let Some(revision) = revision.filter(|revision| !revision.starts_with('-')) else {
            let message = format!("{NAME} cannot go back to the deploy of {}", to.time);
            return Err(Problem::new(message)
                .note("its revision is not recorded")
                .help("check out its commit and deploy that"));
        };
        let command = fal_command(&["apps", "set-rev", &app.name, revision], None);
        let back = Step::new(&app.name, StepKind::RollBack, command);
        Ok(Rendering {
            steps: [back].into_iter().chain(scale_step(app)).collect(),
            ..Rendering::default()
        })
    }
}

impl Fal {
    /// Adds the folder of an app, with the files that its deploy sends and no others.
    fn add_files(&self, app: &AppPlan, rendering: &mut Rendering) -> Result<(), Problem> {
        let mut warnings = warnings(NAME, app, |key| self.carries(key));
        let settings = self.project.settings(&app.name);
        let auth = settings.auth.as_deref();
        let mut artifact = Artifact {
            auth: settings.auth.clone(),
            ..Artifact::default()
        };
        let (source, mut files) = match settings.image {
            Some(image) => {
                artifact.image = Some(image.clone());
                (pyproject::Source::Image(image), Vec::new())
            }
            None => {
                let binary = self.binary(app, settings.bin.as_deref())?;
                let dockerfile = settings.dockerfile.as_deref();
                let context = context::files(binary, dockerfile)?;
                let (binary_file, others): (Vec<_>, Vec<_>) = context
                    .iter()
                    .partition(|file| file.contents == Contents::CopyOf(binary.path.clone()));
                if let (Some(dockerfile), []) = (dockerfile, &*binary_file) {
                    warnings.push(context::binary_not_copied(dockerfile, binary));
                }
                artifact.binary = Some(binary.name.clone());
                artifact.binary_digest = Some(context::digest(&binary_file)?);
                artifact.context_digest = Some(context::digest(&others)?);
                (pyproject::Source::Dockerfile, context)
            }
        };
        *rendering.app(&app.name) = RenderedApp {
            artifact: Some(artifact),
            warnings,
            needs: Vec::new(),
        };
        let text = pyproject::render(app, &source, auth, needs_reset(app));
        files.push(RenderedFile {
            path: "pyproject.toml".into(),
            contents: Contents::Text(text),
        });
        for file in &mut files {
            file.path = Path::new(&app.name).join(&file.path);
        }
        rendering.files.extend(files);
        Ok(())
    }

    /// The binary that is deployed for an app.
    fn binary(&self, app: &AppPlan, chosen: Option<&str>) -> Result<&Binary, Problem> {
        let read = |name: &&String| {
            self.project
                .binaries
                .iter()
                .any(|binary| binary.name == **name)
        };
        let candidates: Vec<&String> = app
            .binaries
            .iter()
            .filter(|name| chosen.is_none_or(|chosen| chosen == *name))
            .filter(read)
            .collect();
        let binary = match &*candidates {
            [one] => self
                .project
                .binaries
                .iter()
                .find(|image| image.name == **one),
            _ => None,
        };
        let binary = binary.ok_or_else(|| self.which_binary(app, chosen))?;
        context::check_binary(binary, &app.name)?;
        Ok(binary)
    }

    fn which_binary(&self, app: &AppPlan, chosen: Option<&str>) -> Problem {
        match chosen {
            Some(chosen) => Problem::new(format!(
                "no binary `{chosen}` that links the app `{}` was read",
                app.name
            ))
            .help(format!(
                "binaries that link it are {}",
                app.binaries.join(", ")
            )),
            None => which_binary(&app.name, &app.binaries),
        }
    }
}

/// The platform keeps the scaling of a running app unless its reset switch is on, and then replaces
/// every value. Single values are set without the switch, so that values tuned in the meantime are
/// kept.
fn deploy_steps(app: &AppPlan) -> Vec<Step> {
    let command = fal_command(&["deploy", &app.name, "--yes"], Some(&app.name));
    let deploy = Step::new(&app.name, StepKind::Deploy, command);
    let is_taken_from_files = app.action == Action::Create || needs_reset(app);
    let scale = scale_step(app).filter(|_| !is_taken_from_files);
    [deploy].into_iter().chain(scale).collect()
}

/// Whether a deploy replaces all scaling: the platform has no other way to remove regions.
fn needs_reset(app: &AppPlan) -> bool {
    app.reset || removes_regions(app)
}

fn removes_regions(app: &AppPlan) -> bool {
    app.scaling_changes()
        .any(|(key, value)| key == Key::Regions && value.is_none())
}

fn scale_step(app: &AppPlan) -> Option<Step> {
    let flags: Vec<String> = app
        .scaling_changes()
        .flat_map(|(key, value)| scale_flag(key, value))
        .collect();
    if flags.is_empty() {
        return None;
    }
    let flags = flags.iter().map(String::as_str);
    let args: Vec<&str> = ["apps", "scale", &app.name]
        .into_iter()
        .chain(flags)
        .collect();
    Some(Step::new(
        &app.name,
        StepKind::Scale,
        fal_command(&args, None),
    ))
}

/// A change as a flag of `fal apps scale`. A removed value becomes the default, or 0 if there is no
/// default, which clears it.
fn scale_flag(key: Key, value: Option<&Setting>) -> Vec<String> {
    let flag = format!("--{}", key.as_str().replace('_', "-"));
    let values = match value {
        Some(Setting::Number(number)) => vec![number.to_string()],
        Some(Setting::List(texts)) => texts.clone(),
        Some(Setting::Path(path)) => vec![path.clone()],
        None => vec![key.parameter().platform_default.unwrap_or(0).to_string()],
    };
    [flag].into_iter().chain(values).collect()
}

fn fal_command(args: &[&str], folder: Option<&str>) -> ToolCommand {
    ToolCommand::new(&FAL, args, folder)
}
