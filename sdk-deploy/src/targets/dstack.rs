//! The target `dstack`, by its own command.
//!
//! An update replaces the whole service, so tuned values come from the state.

mod run;

use std::path::Path;

use machinist_core::parameter::Key;
use machinist_core::platform::DstackGpu;
use machinist_core::problem::{Problem, joined};
use serde_json::{Map, Value, json};

use super::binary::path_in_image;
use super::carries::{
    Carries, approximated, fixed_replicas, only_if_scaled, requests_per_second, warnings,
};
use super::cloud_settings::with_flag;
use super::credentials::Credentials;
use super::each_app::each_app;
use super::image::{TargetPart, image_and_binary, image_artifact};
use super::interface::{Project, Target};
use super::machine_demands::machine_demands;
use super::messages::{image_is_kept, no_port};
use super::region_names::{self, RegionNames};
use super::yaml::yaml;
use crate::app_plan::{AppPlan, Plan};
use crate::artifact::Artifact;
use crate::bindings::Bindings;
use crate::check::Check;
use crate::deployed::Deployed;
use crate::handover::{Handover, checked_url};
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::machines::{self, CustomMachine};
use crate::parameters::Parameters;
use crate::rendering::{RenderedFile, Rendering, Step, StepKind};
use crate::status::{AwaitedApp, Status, StatusQuestion};
use crate::tool::{Tool, ToolCommand, shell_word};
use crate::tool_check::check_tool;

/// The target's name.
pub(super) const NAME: &str = "dstack";

/// What dstack calls its parts.
pub(super) const SPACE: &str = "project";

static DSTACK: Tool = Tool {
    program: "dstack",
    install: "`pip install dstack`, then `dstack project add`",
};

const CREDENTIALS: Credentials = Credentials {
    variables: &[],
    files: &[("", ".dstack", "config.yml")],
    sign_in: "run `dstack project add`",
};

const FILE: &str = "service.dstack.yml";
/// The longest name of a service.
const MAX_NAME_LENGTH: usize = 41;

/// The target `dstack`.
pub(super) struct Dstack {
    project: Project,
}

impl Dstack {
    pub(super) fn new(project: Project) -> Self {
        Self { project }
    }

    fn add_app(&self, app: &AppPlan, rendering: &mut Rendering) -> Result<(), Problem> {
        let name = &app.name;
        let (artifact, changed) = image_artifact(NAME, app, &self.project, self.part(app)?)?;
        let text = yaml(&self.service(app, &artifact)?);
        let rendered = rendering.app(name);
        rendered.warnings = warnings(NAME, app, |key| self.carries(key));
        rendered.warnings.extend(changed);
        rendered.needs.extend(secrets_need(&artifact.bindings));
        rendered.artifact = Some(artifact);
        let path = Path::new(name).join(FILE);
        rendering.files.push(RenderedFile::text(path, text));
        let mut args = vec!["apply", "--yes", "--detach", "-f", FILE];
        if app.is_forced {
            args.push("--force");
        }
        let command = self.dstack(&args, Some(name));
        rendering
            .steps
            .push(Step::new(name, StepKind::Deploy, command));
        Ok(())
    }

    /// The name of an app's service.
    fn service_name(&self, app: &str) -> String {
        self.project.service_name(app, SPACE)
    }

    fn dstack(&self, args: &[&str], folder: Option<&str>) -> ToolCommand {
        let space = self.project.dstack.space.as_ref();
        let project = space.map(|name| format!("--project={name}"));
        ToolCommand::new(&DSTACK, &with_flag(args, project.as_deref()), folder)
    }

    /// The command that describes the run of an app's service.
    fn run_command(&self, app: &str) -> ToolCommand {
        self.dstack(&["run", "get", &self.service_name(app), "--json"], None)
    }

    fn regions(&self) -> &RegionNames {
        &self.project.dstack.regions
    }

    /// What is sent beside the image and the parameters.
    fn part(&self, app: &AppPlan) -> Result<TargetPart, Problem> {
        TargetPart::of_clouds(app, self.regions(), |custom| {
            let gpus = machines::dstack_gpus(custom)?;
            let names = gpus.iter().map(|gpu| json!([gpu.name, gpu.memory_gb]));
            Ok(names.collect())
        })
    }

    fn service(&self, app: &AppPlan, artifact: &Artifact) -> Result<Value, Problem> {
        let name = &self.service_name(&app.name);
        let (image, binary) = image_and_binary(artifact);
        let is_letter = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !is_letter || !(2..=MAX_NAME_LENGTH).contains(&name.len()) {
            let message = format!("invalid name of a dstack service: `{name}`");
            let problem = Problem::new(message).help(format!(
                "give the app a name of 2 to {MAX_NAME_LENGTH} characters that begins with a letter"
            ));
            return Err(match *name == app.name {
                true => problem,
                false => problem.note("the name ends with that of the environment"),
            });
        }
        let all = app.all_parameters();
        let port = all
            .number(Key::Port)
            .ok_or_else(|| no_port(NAME, &app.name))?;
        let mut service = Map::new();
        let mut set = |key: &str, value: Value| service.insert(key.into(), value);
        set("type", "service".into());
        set("name", name.clone().into());
        set("image", image.into());
        set("port", port.into());
        let run = format!("exec {}", shell_word(&path_in_image(binary)));
        set("commands", json!([run]));
        add_bindings(&artifact.bindings, &mut set);
        if let Some(auth) = &artifact.auth {
            set("auth", (auth != "public").into());
        }
        if let Some(seconds) = all.number(Key::TerminationGracePeriod) {
            set("stop_duration", seconds.into());
        }
        if let Some(path) = all.health_check_path() {
            set("probes", json!([{"type": "http", "url": path}]));
        }
        replicas(&all, &mut set);
        let regions = region_names::of_app(&all, self.regions());
        if !regions.is_empty() {
            set("regions", json!(regions));
        }
        set("resources", resources(app, artifact)?);
        Ok(service.into())
    }
}

/// Environment variables, secrets, volumes and credentials. The values of secrets are in dstack's
/// project, and its server puts them in.
fn add_bindings(bindings: &Bindings, set: &mut dyn FnMut(&str, Value) -> Option<Value>) {
    let env = bindings.env.iter();
    let env = env.map(|(name, value)| format!("{name}={}", not_interpolated(value)));
    let secrets = bindings.secrets.iter();
    let secrets = secrets.map(|name| format!("{name}={}", secret(name)));
    let env: Vec<String> = env.chain(secrets).collect();
    if !env.is_empty() {
        set("env", json!(env));
    }
    let volumes = bindings.volumes.iter();
    let volumes = volumes.map(|(path, name)| json!({"name": name, "path": path}));
    let volumes: Vec<Value> = volumes.collect();
    if !volumes.is_empty() {
        set("volumes", volumes.into());
    }
    if let Some([username, password]) = registry_login(bindings) {
        let login = json!({"username": secret(&username), "password": secret(&password)});
        set("registry_auth", login);
    }
}

/// The secrets of a registry's credentials: those of `ghcr` are `GHCR_USERNAME` and
/// `GHCR_PASSWORD`.
fn registry_login(bindings: &Bindings) -> Option<[String; 2]> {
    let name = bindings.registry_credentials.as_ref()?;
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    Some(["USERNAME", "PASSWORD"].map(|part| format!("{name}_{part}")))
}

/// The value of a secret of the project.
fn secret(name: &str) -> String {
    format!("${{{{ secrets.{name} }}}}")
}

/// A value that dstack's server leaves as it is: it replaces `${{ NAME }}`, and `$$` by `$`.
fn not_interpolated(value: &str) -> String {
    match value.contains("${{") || value.contains("$$") {
        true => value.replace('$', "$$"),
        false => value.into(),
    }
}

fn secrets_need(bindings: &Bindings) -> Option<String> {
    let login = registry_login(bindings).into_iter().flatten();
    let names = bindings.secrets.iter().cloned().chain(login);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let word = match names.len() {
        0 => return None,
        1 => "the secret",
        _ => "the secrets",
    };
    let names = joined(names, "and");
    Some(format!(
        "{word} {names} in the project of dstack: `dstack secret set`"
    ))
}

/// The number of replicas, and when it changes.
fn replicas(all: &Parameters, set: &mut dyn FnMut(&str, Value) -> Option<Value>) {
    if let Some(count) = fixed_replicas(all) {
        set("replicas", count.into());
        return;
    }
    let (min, max) = all.replicas();
    set("replicas", format!("{min}..{max}").into());
    let mut scaling = Map::new();
    scaling.insert("metric".into(), "rps".into());
    let requests = all.number_or_default(Key::MaxMultiplexing);
    scaling.insert("target".into(), requests.into());
    for (key, name) in [
        (Key::ScalingDelay, "scale_up_delay"),
        (Key::KeepAlive, "scale_down_delay"),
    ] {
        let seconds = all.number(key);
        scaling.extend(seconds.map(|seconds| (name.into(), seconds.into())));
    }
    set("scaling", scaling.into());
}

fn resources(app: &AppPlan, artifact: &Artifact) -> Result<Value, Problem> {
    let machines = app.machine_types();
    let demands = machine_demands(&machines, artifact);
    let mut resources = Map::new();
    // dstack counts whole cores.
    let cores = demands
        .millicores
        .map(|millicores| millicores.div_ceil(1_000));
    resources.extend(cores.map(|cores| ("cpu".into(), format!("{cores}..").into())));
    let memory = demands.ram_mb;
    resources.extend(memory.map(|ram_mb| ("memory".into(), format!("{ram_mb}MB..").into())));
    let gpu = match &*machines::dstack_gpus(&machines)? {
        // Without this, dstack could choose a machine with GPUs.
        [] => json!({"count": 0}),
        gpus => gpu(gpus, &machines, app.all_parameters().gpus()),
    };
    resources.insert("gpu".into(), gpu);
    Ok(resources.into())
}

/// The GPUs to choose from. Where a name exists with memories of several sizes, the size is asked
/// for; dstack takes one range for all names.
fn gpu(gpus: &[DstackGpu<'_>], machines: &[CustomMachine], count: u32) -> Value {
    let mut names: Vec<&str> = gpus.iter().map(|gpu| gpu.name).collect();
    names.dedup();
    let mut spec = json!({"name": names, "count": count});
    let memories = gpus.iter().zip(machines).map(|(gpu, machine)| {
        let vram_gb = machine.figures.vram_mb / 1_000;
        gpu.memory_gb.unwrap_or(vram_gb)
    });
    let smallest = memories.min().unwrap_or_default();
    match gpus {
        [gpu] if gpu.memory_gb.is_some() => spec["memory"] = format!("{smallest}GB").into(),
        gpus if gpus.iter().any(|gpu| gpu.memory_gb.is_some()) => {
            spec["memory"] = format!("{smallest}GB..").into();
        }
        _ => {}
    }
    spec
}

/// The rule of `machine_type`: of a list dstack chooses itself.
fn machine_rule(app: &str, all: &Parameters) -> Vec<Problem> {
    const HOW: &str = "it chooses among the machine types of the list by price, not by their order";
    match all.machine_types().len() {
        0 | 1 => Vec::new(),
        _ => vec![approximated(NAME, app, Key::MachineType, HOW)],
    }
}

impl Target for Dstack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn find_place(&self, _: Limits) -> Option<String> {
        self.project.cloud_place(SPACE, &self.project.dstack)
    }

    fn carries(&self, key: Key) -> Carries<'_> {
        match key {
            Key::MachineType => Carries::Depends(
                "yes; of a list dstack takes the cheapest, not the first",
                Box::new(machine_rule),
            ),
            Key::Gpus
            | Key::Port
            | Key::HealthCheck
            | Key::TerminationGracePeriod
            | Key::MinConcurrency
            | Key::MaxConcurrency => Carries::Exactly,
            Key::MaxMultiplexing => requests_per_second(NAME),
            Key::KeepAlive | Key::ScalingDelay => only_if_scaled(NAME, key),
            Key::StartupTimeout
            | Key::ConcurrencyBuffer
            | Key::ConcurrencyBufferPerc
            | Key::RequestTimeout
            | Key::RequestStartTimeout => Carries::Not(""),
            Key::Regions => region_names::rule(
                "yes, if `dstack.regions` of the settings has dstack's name",
                NAME,
                NAME,
                self.regions(),
            ),
        }
    }

    fn needs_image(&self) -> bool {
        true
    }

    fn checks(&self, limits: Limits, _: bool) -> Vec<Check> {
        vec![
            check_tool(&DSTACK, limits),
            CREDENTIALS.check("dstack project"),
        ]
    }

    fn commit_place(&self) -> Option<&'static str> {
        // Another tag would restart the run with every commit.
        None
    }

    fn list_command(&self) -> Option<ToolCommand> {
        None
    }

    fn read_list(&self, _: &str, _: &Deployed) -> Result<Live, String> {
        Err("dstack does not report the parameters of a service".into())
    }

    fn status_question(&self, app: &str) -> Option<StatusQuestion> {
        Some(StatusQuestion {
            command: self.run_command(app),
            is_asked_before: false,
        })
    }

    fn read_status(&self, text: &str, app: AwaitedApp<'_>) -> Result<Status, String> {
        run::status(text, app)
    }

    fn logs(&self, app: &str, args: &[String]) -> Result<Handover<ToolCommand>, Problem> {
        let logs = self.dstack(&["logs", &self.service_name(app)], None);
        Ok(Handover::Known(logs.with_args(args)))
    }

    fn url(&self, app: &str) -> Result<Handover<String>, Problem> {
        let name = app.to_owned();
        Ok(Handover::ask(self.run_command(app), move |text| {
            let run: Value = serde_json::from_str(text).unwrap_or_default();
            let url = run["service"]["url"].as_str();
            match url.filter(|url| url.starts_with('/')) {
                Some(path) => Err(Problem::new(format!(
                    "dstack gives only the path of `{name}`, `{path}`"
                ))
                .help("add it to the URL of your dstack server, which `dstack project list` shows")
                .note("a gateway gives services URLs of their own")),
                None => checked_url(&name, url),
            }
        }))
    }

    fn deploy(&self, plan: &Plan, _: &Deployed) -> Result<Rendering, Problem> {
        let add = |app: &AppPlan, rendering: &mut Rendering| self.add_app(app, rendering);
        each_app(plan, add, |app| {
            self.dstack(&["stop", "--yes", &self.service_name(app)], None)
        })
    }

    fn scale(&self, app: &AppPlan, _: &Deployed) -> Result<Rendering, Problem> {
        let mut rendering = Rendering::default();
        self.add_app(app, &mut rendering)?;
        Ok(rendering)
    }

    fn roll_back(
        &self,
        app: &AppPlan,
        to: &Deploy,
        after: &Deployed,
    ) -> Result<Rendering, Problem> {
        let mut rendering = self.scale(app, after)?;
        rendering.app(&app.name).warnings.extend(image_is_kept(to));
        Ok(rendering)
    }
}
