//! The target `fal`: the platform of the built-in machine types, by its command `fal`.
//!
//! The behaviour of its client was found by running it (version 1.83.0).

mod chosen_binary;
mod client;
mod client_files;
mod context;
mod digest;
mod dockerfile;
mod dockerfile_env;
mod dockerignore;
mod live;
mod own_files;
mod parameter;
mod pyproject;
pub(super) mod settings;
mod slashes;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use machinist_core::parameter::Key;
use machinist_core::problem::{Problem, joined};
use machinist_core::setting::Setting;
use serde_json::Value;

use super::carries::{Carries, part_not_supported, warnings};
use super::each_app::each_app;
use super::interface::{Project, Target};
use crate::app_plan::{Action, AppPlan, Plan};
use crate::artifact::Artifact;
use crate::bindings::Bindings;
use crate::change::{ArtifactPart, What};
use crate::deployed::Deployed;
use crate::file::cannot_read;
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::manifest::Binary;
use crate::rendering::{Contents, RenderedApp, RenderedFile, Rendering, Step, StepKind};
use crate::settings::AppSettings;
use crate::tool::{Tool, ToolCommand};
use chosen_binary::BinaryChoice;
use client_files::PYPROJECT;
use context::{Context, DOCKERFILE, is_copy_of};
use digest::Digests;
use dockerfile_env::with_variables;
use dockerignore::DOCKERIGNORE;
use live::Environment;
use parameter::parameter;
use pyproject::{VOLUME, VOLUME_PATH};
use slashes::with_slashes;

/// The target's name.
pub(super) const NAME: &str = "fal";

static FAL: Tool = Tool {
    program: "fal",
    install: "`pip install fal` and `fal auth login`",
};

const AUTH: What = What::Artifact(ArtifactPart::Auth);

/// Who may call an app of which the settings do not say it. The client takes this for what a deploy
/// without it means; it is sent so that it is sure.
const DEFAULT_AUTH: &str = "private";

/// The client's own variable for the environment that all its commands are for.
const ENVIRONMENT: &str = "FAL_ENV";

/// What a context is made of: the binary, the `Dockerfile`, and the folder of the settings.
type ContextKey = (PathBuf, PathBuf, Option<PathBuf>);

/// The target `fal`.
pub(super) struct Fal {
    project: Project,
    environment: Environment,
    binaries: BinaryChoice,
    digests: Digests,
    /// Each is collected once, however many apps it is sent for.
    contexts: RefCell<BTreeMap<ContextKey, Context>>,
}

impl Fal {
    pub(super) fn new(project: Project) -> Self {
        let of_settings = project.fal.env.clone().or(project.environment.clone());
        let name = of_settings.or_else(|| std::env::var(ENVIRONMENT).ok());
        Self {
            environment: Environment::named(name),
            project,
            binaries: BinaryChoice::default(),
            digests: Digests::default(),
            contexts: RefCell::default(),
        }
    }
}

impl Target for Fal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn find_place(&self, _: Limits) -> Option<String> {
        let team = self.project.fal.team.as_ref();
        let team = team.map_or_else(String::new, |name| format!("team {name}, "));
        Some(format!("{team}environment {}", self.environment.name()))
    }

    fn carries(&self, key: Key) -> Carries<'_> {
        match parameter(key) {
            Some(_) => Carries::Exactly,
            None => Carries::Not(""),
        }
    }

    fn list_command(&self) -> Option<ToolCommand> {
        Some(self.fal(&["apps", "list", "--output", "json"], None))
    }

    fn read_list(&self, text: &str, known: &Deployed) -> Result<Live, String> {
        live::parse(text, known, &self.environment)
    }

    fn deploy(&self, plan: &Plan, _: &Deployed) -> Result<Rendering, Problem> {
        let add = |app: &AppPlan, rendering: &mut Rendering| {
            self.add_files(app, rendering)?;
            rendering.steps.extend(self.deploy_steps(app));
            Ok(())
        };
        each_app(plan, add, |app| self.fal(&["apps", "delete", app], None))
    }

    fn scale(&self, app: &AppPlan, _: &Deployed) -> Result<Rendering, Problem> {
        if removes_regions(app) {
            return Err(
                Problem::new(format!("{NAME} cannot remove the regions of a running app"))
                    .help("name all of them, or reset the app's scaling with a deploy"),
            );
        }
        Ok(self.scaling(app))
    }

    fn roll_back(&self, app: &AppPlan, to: &Deploy, _: &Deployed) -> Result<Rendering, Problem> {
        // A leading dash would make it an option.
        let is_name = |revision: &&String| !revision.is_empty() && !revision.starts_with('-');
        let Some(revision) = to.revision.as_ref().filter(is_name) else {
            let message = format!("{NAME} cannot go back to the deploy of {}", to.time);
            return Err(Problem::new(message)
                .note("its revision is not recorded")
                .help("check out its commit and deploy that"));
        };
        // A revision does not bring back who may call the app.
        let auth = app.changes.iter().find(|change| change.what == AUTH);
        let auth = auth.map(|change| change.to.as_ref().and_then(Value::as_str));
        let auth = auth.map(|to| ["--auth", to.unwrap_or(DEFAULT_AUTH)]);
        let args = ["apps", "set-rev", &app.name, revision];
        let args: Vec<&str> = args.into_iter().chain(auth.into_iter().flatten()).collect();
        let command = self.fal(&args, None);
        let back = Step::new(&app.name, StepKind::RollBack, command);
        let mut rendering = self.scaling(app);
        rendering.steps.insert(0, back);
        Ok(rendering)
    }
}

impl Fal {
    /// The changed scaling of a deployed app.
    fn scaling(&self, app: &AppPlan) -> Rendering {
        let mut rendering = Rendering::default();
        rendering.app(&app.name).warnings = warnings(NAME, app, |key| self.carries(key));
        rendering.steps.extend(self.scale_step(app));
        rendering
    }

    /// The platform keeps the scaling of a running app unless its reset switch is on, and then replaces
    /// every value. Single values are set without the switch, so that values tuned in the meantime are
    /// kept.
    fn deploy_steps(&self, app: &AppPlan) -> Vec<Step> {
        let command = self.fal(&["deploy", &app.name, "--yes"], Some(&app.name));
        let deploy = Step::new(&app.name, StepKind::Deploy, command);
        let is_taken_from_files = app.action == Action::Create || needs_reset(app);
        let scale = self.scale_step(app).filter(|_| !is_taken_from_files);
        [deploy].into_iter().chain(scale).collect()
    }

    fn scale_step(&self, app: &AppPlan) -> Option<Step> {
        let flags: Vec<String> = app
            .scaling_changes()
            .filter(|(key, _)| parameter(*key).is_some())
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
        Some(Step::new(&app.name, StepKind::Scale, self.fal(&args, None)))
    }

    /// A command of fal's client, for the environment and the team of the settings.
    fn fal(&self, args: &[&str], folder: Option<&str>) -> ToolCommand {
        let settings = &self.project.fal;
        let is_chosen = settings.env.is_some() || self.project.environment.is_some();
        let mut all = args.to_vec();
        // The client reads the variable for the environment itself.
        if is_chosen {
            all.extend(["--env", self.environment.name()]);
        }
        if let Some(team) = &settings.team {
            all.extend(["--team", team]);
        }
        ToolCommand::new(&FAL, &all, folder)
    }

    /// Adds the folder of an app, with the files that its deploy sends and no others.
    fn add_files(&self, app: &AppPlan, rendering: &mut Rendering) -> Result<(), Problem> {
        let mut warnings = warnings(NAME, app, |key| self.carries(key));
        let settings = self.project.settings(&app.name);
        let auth = settings.auth.clone();
        let mut artifact = Artifact {
            auth: Some(auth.unwrap_or_else(|| DEFAULT_AUTH.into())),
            bindings: settings.bindings.clone(),
            machine_names: pyproject::machine_names(app),
            ..Artifact::default()
        };
        let (source, mut files) = match &settings.image {
            Some(image) => {
                artifact.image = Some(image.clone());
                image_with_variables(app, image, &settings.bindings)?
            }
            None => {
                let binary = self.binary(app, &settings)?;
                let context = self.context(&app.name, binary, &settings)?;
                self.add_digests(&mut artifact, binary, &context)?;
                warnings.extend(context.warnings);
                let mut files = context.files;
                add_variables(
                    &app.name,
                    &context.dockerfile,
                    &settings.bindings,
                    &mut files,
                )?;
                files.push(RenderedFile::text(DOCKERIGNORE, context.dockerignore));
                let dockerfile = with_slashes(&context.dockerfile);
                (pyproject::Source::Dockerfile(dockerfile), files)
            }
        };
        warnings.extend(bindings_not_supported(&app.name, &settings.bindings));
        let text = pyproject::render(app, &source, &artifact, needs_reset(app));
        *rendering.app(&app.name) = RenderedApp {
            artifact: Some(artifact),
            warnings,
            needs: self.secrets_need(&settings.bindings).into_iter().collect(),
            ..RenderedApp::default()
        };
        files.push(RenderedFile::text(PYPROJECT, text));
        for file in &mut files {
            file.path = Path::new(&app.name).join(&file.path);
        }
        rendering.files.extend(files);
        Ok(())
    }

    fn secrets_need(&self, bindings: &Bindings) -> Option<String> {
        let names = bindings.secrets.iter().map(|name| format!("`{name}`"));
        let names: Vec<String> = names.collect();
        let word = match names.len() {
            0 => return None,
            1 => "the secret",
            _ => "the secrets",
        };
        Some(format!(
            "{word} {} in {NAME}'s environment `{}`: `fal secrets set`",
            joined(names, "and"),
            self.environment.name()
        ))
    }

    fn binary(&self, app: &AppPlan, settings: &AppSettings) -> Result<&Binary, Problem> {
        let chosen = settings.bin.as_deref();
        self.binaries.of(app, chosen, &self.project.binaries)
    }

    /// What the image is built from.
    fn context(
        &self,
        app: &str,
        binary: &Binary,
        settings: &AppSettings,
    ) -> Result<Context, Problem> {
        let Some(dockerfile) = &settings.dockerfile else {
            return Ok(Context::generated(binary, settings));
        };
        let folder = settings.context.clone();
        let key = (binary.path.clone(), dockerfile.clone(), folder);
        let mut known = self.contexts.borrow_mut();
        if let Some(context) = known.get(&key) {
            return Ok(context.clone());
        }
        let state_file = &self.project.state_file;
        let context = Context::of_dockerfile(app, binary, dockerfile, settings, state_file)?;
        known.insert(key, context.clone());
        Ok(context)
    }

    fn add_digests(
        &self,
        artifact: &mut Artifact,
        binary: &Binary,
        context: &Context,
    ) -> Result<(), Problem> {
        let is_binary = |file: &&RenderedFile| is_copy_of(file, binary);
        let (sent, others): (Vec<_>, Vec<_>) = context.files.iter().partition(is_binary);
        artifact.binary = Some(binary.name.clone());
        if !sent.is_empty() {
            artifact.binary_digest = Some(self.digests.of(&sent, !context.sets_modes)?);
        }
        artifact.context_digest = Some(self.digests.of(&others, true)?);
        Ok(())
    }
}

/// Adds environment variables to the `Dockerfile` among these files.
fn add_variables(
    app: &str,
    dockerfile: &Path,
    bindings: &Bindings,
    files: &mut [RenderedFile],
) -> Result<(), Problem> {
    if bindings.env.is_empty() {
        return Ok(());
    }
    for file in files.iter_mut().filter(|file| file.path == dockerfile) {
        let text = match &file.contents {
            Contents::Text(text) => text.clone(),
            Contents::CopyOf(original) => {
                fs::read_to_string(original).map_err(|error| cannot_read(original, &error))?
            }
        };
        file.contents = Contents::Text(with_variables(&text, app, &bindings.env)?);
    }
    Ok(())
}

/// An image that is built elsewhere. With environment variables, an image that is made from it.
fn image_with_variables(
    app: &AppPlan,
    image: &str,
    bindings: &Bindings,
) -> Result<(pyproject::Source, Vec<RenderedFile>), Problem> {
    if bindings.env.is_empty() {
        return Ok((pyproject::Source::Image(image.into()), Vec::new()));
    }
    let dockerfile = format!("FROM {image}\n");
    let dockerfile = with_variables(&dockerfile, &app.name, &bindings.env)?;
    let file = RenderedFile::text(DOCKERFILE, dockerfile);
    Ok((pyproject::Source::Dockerfile(DOCKERFILE.into()), vec![file]))
}

/// The warnings for volumes and credentials that the platform does not have.
fn bindings_not_supported(app: &str, bindings: &Bindings) -> Vec<Problem> {
    let others = bindings.volumes.iter();
    let others = others.filter(|volume| pyproject::mount(*volume).is_none());
    let others = others.map(|(path, name)| {
        Problem::new(format!(
            "the volume `{name}` of `{app}` at `{path}` is not supported by {NAME} and is left out"
        ))
        .help(format!(
            "write `volumes = {{ {VOLUME_PATH:?} = {VOLUME:?} }}`, or a path below it"
        ))
        .note(format!(
            "{NAME} has one volume, `{VOLUME}`, of the whole account, at `{VOLUME_PATH}`"
        ))
    });
    let credentials = bindings.registry_credentials.as_ref().map(|_| {
        let why = "its client takes no names of credentials, only their values";
        part_not_supported(NAME, app, ArtifactPart::RegistryCredentials, why)
    });
    others.chain(credentials).collect()
}

/// Whether a deploy replaces all scaling: the platform has no other way to remove regions.
fn needs_reset(app: &AppPlan) -> bool {
    app.reset || app.is_half_created || removes_regions(app)
}

fn removes_regions(app: &AppPlan) -> bool {
    app.scaling_changes()
        .any(|(key, value)| key == Key::Regions && value.is_none())
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
