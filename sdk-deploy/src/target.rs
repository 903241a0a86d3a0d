//! Where a deploy goes: what every target can do, and which there are.

mod dstack;
mod fal;
mod file;
mod knative;
mod skypilot;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use machinist_core::problem::{self, Problem};
use machinist_core::text::shown;
use machinist_core::{json, own, parameter};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::deployed::{Deploy, Deployed, Live};
use crate::machines::Machine;
use crate::manifest::Image;
use crate::plan::{Action, AppPlan, Parameters, Plan};
use crate::settings::{AppSettings, KnativeSettings};
use crate::tool::{self, Limits, ToolCommand};

/// The name of the target that needs no platform.
pub const FILE: &str = "file";

/// The file that this target writes beside the state.
pub const EFFECTIVE_FILE: &str = file::NAME;

/// Every target by its name.
///
/// ```
/// assert!(machinist_deploy::TARGETS.contains(&"fal"));
/// ```
pub const TARGETS: &[&str] = &[FILE, fal::NAME, knative::NAME, skypilot::NAME, dstack::NAME];

/// Where a deploy goes.
///
/// A target says which files and which commands of the platform's own tool carry a change out; it
/// changes nothing itself.
///
/// ```
/// use machinist_deploy::{Deployed, Occasion, Options, Project, plan, target};
/// # let manifest = machinist_deploy::Manifest::parse(r#"{"manifest_version": 1, "apps": []}"#)?;
///
/// let plan = plan(&manifest, &Deployed::default(), &Options::default());
/// let after = Deployed::default().after(&plan, &Occasion::default());
/// let rendering = target("knative", Project::default())?.deploy(&plan, &after)?;
/// for step in &rendering.steps {
///     println!("{}", step.command);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Target {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The folder of its files, where they are a deploy's result and not only its means.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// What asks the platform's tool for what it has, as JSON; `None` where nobody can be asked.
    fn ask(&self) -> Option<ToolCommand>;

    /// What an answer says, beside what is known.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn read(&self, text: &str, known: &Deployed) -> Result<Live, String>;

    /// What the platform has; `None` where nobody can be asked.
    ///
    /// # Errors
    ///
    /// When its tool is missing, fails, takes too long, or says what cannot be read.
    fn live(&self, known: &Deployed, limits: Limits) -> Result<Option<Live>, Problem> {
        let Some(question) = self.ask() else {
            return Ok(None);
        };
        let answer = question.read(limits)?;
        if answer.trim().is_empty() {
            let message = format!("`{question}` succeeded, and said nothing");
            return Err(Problem::new(message).help("run it by itself to see why"));
        }
        self.read(&answer, known).map(Some).map_err(|reason| {
            let problem = Problem::new(format!("cannot read what `{question}` says: {reason}"));
            let problem = problem.help(
                "upgrade the one or the other, with `cargo install cargo-machinist` and the \
                 platform's own means",
            );
            tool::with_said(problem, tool::first(&answer))
        })
    }

    /// What carries a plan out.
    ///
    /// # Errors
    ///
    /// What is missing for it: a binary that runs there, or an image.
    fn deploy(&self, plan: &Plan, after: &Deployed) -> Result<Rendering, Problem>;

    /// What tunes an app.
    ///
    /// # Errors
    ///
    /// What the platform cannot do.
    fn scale(&self, app: &AppPlan, after: &Deployed) -> Result<Rendering, Problem>;

    /// What brings an earlier deploy of an app back.
    ///
    /// # Errors
    ///
    /// Why the platform cannot.
    fn roll_back(&self, app: &AppPlan, to: &Deploy, after: &Deployed)
    -> Result<Rendering, Problem>;
}

/// The files and the commands that carry a change out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendering {
    /// The files, by their paths in the rendering's folder.
    pub files: Vec<RenderedFile>,
    /// What is run once they are there, in this order.
    pub steps: Vec<Step>,
    /// What tells apart what is sent for each app, the parameters aside.
    pub artifacts: BTreeMap<String, String>,
    /// What the code says and the platform cannot do, or what is probably not meant so.
    pub warnings: Vec<Problem>,
    /// What the platform must be set up for.
    pub needs: Vec<String>,
}

impl Rendering {
    /// Whether a command is run for this app.
    pub(crate) fn runs_for(&self, app: &AppPlan) -> bool {
        self.steps.iter().any(|step| step.app == app.name)
    }

    /// Without the apps of which nothing changes: neither a parameter nor what is sent.
    #[must_use]
    pub fn without_unchanged(mut self, plan: &Plan, deployed: &Deployed) -> Self {
        let is_unchanged = |app: &AppPlan| {
            let sent = deployed
                .apps
                .get(&app.name)
                .and_then(|app| app.artifact.as_ref());
            let is_known = sent.is_some() && sent == self.artifacts.get(&app.name);
            app.action == Action::Unchanged && !app.reset && is_known
        };
        let unchanged = plan.apps.iter().filter(|app| is_unchanged(app));
        let names: Vec<&String> = unchanged.map(|app| &app.name).collect();
        self.steps.retain(|step| !names.contains(&&step.app));
        self.files
            .retain(|file| !names.iter().any(|name| file.path.starts_with(name)));
        self
    }
}

/// A file to write.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedFile {
    /// Its path in the rendering's folder.
    pub path: PathBuf,
    /// What is in it.
    pub contents: Contents,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// This.
    Text(String),
    /// What is in that file.
    CopyOf(PathBuf),
}

/// A command of the platform's own tool, and what is done once it succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The app.
    pub app: String,
    /// What it does with it.
    pub does: Does,
    /// The command.
    pub command: ToolCommand,
}

impl Step {
    fn new(app: &str, does: Does, command: ToolCommand) -> Self {
        Self {
            app: app.into(),
            does,
            command,
        }
    }
}

/// What a command does with an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Puts it in place; scaling parameters that are in effect stay unless they are reset.
    Deploy,
    /// Sets scaling parameters.
    Scale,
    /// Deletes it.
    Delete,
    /// Brings an earlier deploy of it back.
    RollBack,
}

/// What targets know of a project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The binaries that were read.
    pub images: Vec<Image>,
    /// How its apps are to be deployed, by their names.
    pub apps: BTreeMap<String, AppSettings>,
    /// What a cluster has its own names for.
    pub knative: KnativeSettings,
    /// The folder of the state.
    pub state_folder: PathBuf,
}

impl Project {
    /// How an app is to be deployed.
    fn settings(&self, app: &str) -> AppSettings {
        self.apps.get(app).cloned().unwrap_or_default()
    }
}

/// What carries a plan out, of what puts one app in place and of what deletes one.
fn each_app(
    plan: &Plan,
    put: impl Fn(&AppPlan, &mut Rendering) -> Result<(), Problem>,
    delete: impl Fn(&str) -> ToolCommand,
) -> Result<Rendering, Problem> {
    let mut rendering = Rendering::default();
    for app in &plan.apps {
        match app.action {
            Action::Orphaned => {}
            Action::Delete => {
                let step = Step::new(&app.name, Does::Delete, delete(&app.name));
                rendering.steps.push(step);
            }
            Action::Create | Action::Update | Action::Unchanged => put(app, &mut rendering)?,
        }
    }
    rendering.needs.sort();
    rendering.needs.dedup();
    Ok(rendering)
}

/// The target of this name.
///
/// # Errors
///
/// When there is none, with the one that was probably meant.
///
/// ```
/// use machinist_deploy::{Project, target};
///
/// assert_eq!(target("fal", Project::default()).unwrap().name(), "fal");
/// assert!(target("fall", Project::default()).err().unwrap().help.unwrap().contains("`fal`"));
/// ```
pub fn target(name: &str, project: Project) -> Result<Box<dyn Target>, Problem> {
    match name {
        FILE => Ok(Box::new(file::File::new(project))),
        fal::NAME => Ok(Box::new(fal::Fal::new(project))),
        knative::NAME => Ok(Box::new(knative::Knative::new(project))),
        dstack::NAME => Ok(Box::new(dstack::Dstack::new(project))),
        skypilot::NAME => Ok(Box::new(skypilot::SkyPilot::new(project))),
        _ => Err(problem::unknown("target", name, TARGETS)),
    }
}

/// An app that several binaries link, of which a platform runs one.
fn which_binary(app: &str, binaries: &[String]) -> Problem {
    let Some(first) = binaries.first() else {
        return Problem::new(format!("no binary links the app `{app}`"));
    };
    let all = binaries.join(", ");
    Problem::new(format!(
        "the app `{app}` is in several binaries, and a deploy needs one: {all}"
    ))
    .help(format!(
        "select it with `--bin {first}`, or write `apps.{app}.bin = \"{first}\"` in \
         `[workspace.metadata.machinist]`"
    ))
}

/// The binary that is run in an image.
fn one_binary(app: &AppPlan, chosen: Option<&str>) -> Result<String, Problem> {
    let binary = match (chosen, &*app.binaries) {
        (Some(chosen), _) => chosen,
        (None, [one]) => one,
        (None, several) => return Err(which_binary(&app.name, several)),
    };
    check_binary_name(binary)?;
    Ok(binary.into())
}

/// Checks that a binary's name means the same to a `Dockerfile`, a shell and a file system.
fn check_binary_name(name: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match name.chars().all(is_plain) && !["", ".", ".."].contains(&name) {
        true => Ok(()),
        false => Err(no_binary_name(name)),
    }
}

fn no_binary_name(name: &str) -> Problem {
    let name = shown(name);
    Problem::new(format!(
        "a binary cannot be deployed under the name `{name}`"
    ))
    .help("name it with letters, digits, `-`, `_` and `.`")
}

fn no_image(platform: &str, app: &str) -> Problem {
    Problem::new(format!("{platform} runs images, and `{app}` has none")).help(format!(
        "write `apps.{app}.image = \"...\"` in `[workspace.metadata.machinist]`"
    ))
}

fn no_port(platform: &str, app: &str) -> Problem {
    Problem::new(format!("{platform} needs the port of `{app}`"))
        .help("write `port = 8080` in its attribute")
}

/// Every parameter in effect.
fn all_parameters(app: &AppPlan) -> Parameters {
    let effective = app.effective.clone().unwrap_or_default();
    let mut all = effective.code;
    all.extend(effective.scaling);
    all
}

/// A number, or what the platform of the catalogue uses where nobody sets it.
fn or_default(all: &Parameters, key: &str) -> u64 {
    let default = parameter::find(key).and_then(|parameter| parameter.platform_default);
    let number = all.get(key).and_then(serde_json::Value::as_u64);
    number.unwrap_or(default.unwrap_or(0).into())
}

/// The fewest and the most replicas.
fn replicas(all: &Parameters) -> (u64, u64) {
    let of = |key| or_default(all, key);
    (
        of(parameter::MIN_CONCURRENCY),
        of(parameter::MAX_CONCURRENCY),
    )
}

/// What the code says and a platform cannot express.
fn left_out(platform: &str, app: &AppPlan, keys: &[&str]) -> Vec<Problem> {
    let all = all_parameters(app);
    let nothing = [json!(0), json!([])];
    let is_set = |key: &&&str| all.get(**key).is_some_and(|value| !nothing.contains(value));
    let name = &app.name;
    let message = |key| format!("{platform} cannot express `{key}` of `{name}`, and leaves it out");
    let left_out = keys.iter().filter(is_set);
    left_out.map(|key| Problem::new(message(key))).collect()
}

fn requests_a_second(platform: &str, app: &str) -> Problem {
    Problem::new(format!(
        "{platform} counts requests a second: `max_multiplexing` of `{app}` stands for as many a \
         second, and does not limit them"
    ))
}

/// The names of GPUs, in the order of the list.
fn accelerators(machines: &[Machine]) -> Result<Vec<&String>, Problem> {
    let with_gpus = machines.iter().filter(|machine| machine.has_gpus);
    with_gpus.map(accelerator).collect()
}

fn accelerator(machine: &Machine) -> Result<&String, Problem> {
    let Machine {
        name, accelerator, ..
    } = machine;
    accelerator.as_ref().ok_or_else(|| {
        let message = format!("nobody knows the name that others have for `{name}`");
        Problem::new(message).help(format!("write its `accelerator` in `{}`", own::FILE))
    })
}

/// Where images are built elsewhere, a rollback brings none back.
fn image_stays() -> Problem {
    Problem::new("only the parameters go back: the image stays the one of the settings")
        .help("set `image` to the earlier one too, and deploy")
}

/// A document as YAML: as JSON, which is YAML with every text in quotes. Which texts need none
/// differs between parsers: to PyYAML `on` is a truth, `12:30` a number, and `2026-01-01` a day.
fn yaml(document: &serde_json::Value) -> String {
    json::indent(&document.to_string()) + "\n"
}

/// What tells a text apart from others.
fn digest(text: &str) -> String {
    hex(Sha256::digest(text))
}

/// A digest as image registries write it.
fn hex(digest: impl AsRef<[u8]>) -> String {
    let mut out = String::from("sha256:");
    for byte in digest.as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
