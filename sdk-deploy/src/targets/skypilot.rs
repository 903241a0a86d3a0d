//! The target `skypilot`: SkyServe, the serving part of SkyPilot, by `sky`.
//!
//! An update replaces the whole service, so tuned values come from the state.

mod status;

use std::collections::BTreeSet;
use std::path::Path;

use machinist_core::number::decimals;
use machinist_core::parameter::Key;
use machinist_core::problem::{Problem, joined};
use serde_json::{Map, Value, json};

use super::binary::path_in_image;
use super::carries::{
    Carries, auth_not_supported, fixed_replicas, only_if_scaled, requests_per_second, warnings,
};
use super::cloud_settings::with_flag;
use super::each_app::each_app;
use super::image::{TargetPart, image_and_binary, image_artifact};
use super::interface::{Project, Target};
use super::machine_demands::machine_demands;
use super::messages::{check_first_letter, image_is_kept, no_port};
use super::region_names::{self, RegionNames};
use super::yaml::yaml;
use crate::app_plan::{Action, AppPlan, Plan};
use crate::artifact::Artifact;
use crate::bindings::Bindings;
use crate::check::Check;
use crate::deployed::Deployed;
use crate::handover::{Handover, checked_url};
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::machines;
use crate::parameters::Parameters;
use crate::rendering::{RenderedFile, Rendering, Step, StepKind};
use crate::status::{AwaitedApp, Status, StatusQuestion};
use crate::tool::{Tool, ToolCommand, shell_word};
use crate::tool_check::check_tool;

/// The target's name.
pub(super) const NAME: &str = "skypilot";

/// What SkyPilot calls its parts.
pub(super) const SPACE: &str = "workspace";

static SKY: Tool = Tool {
    program: "sky",
    install: "`pip install skypilot`, with the extras of your clouds",
};

/// The platform's name in messages.
const PLATFORM: &str = "SkyServe";

const FILE: &str = "service.yaml";
/// The variables by which SkyPilot logs in to a registry of images.
const REGISTRY_LOGIN: [&str; 3] = [
    "SKYPILOT_DOCKER_USERNAME",
    "SKYPILOT_DOCKER_PASSWORD",
    "SKYPILOT_DOCKER_SERVER",
];

/// The path that is probed if there is no health check: SkyServe needs one.
const DEFAULT_PROBE: &str = "/";

/// The target `skypilot`.
pub(super) struct SkyPilot {
    project: Project,
}

impl SkyPilot {
    pub(super) fn new(project: Project) -> Self {
        Self { project }
    }

    /// Adds the service's file, and the command that deploys it.
    fn add_app(&self, app: &AppPlan, rendering: &mut Rendering) -> Result<(), Problem> {
        let name = &app.name;
        let (artifact, changed) = image_artifact(PLATFORM, app, &self.project, self.part(app)?)?;
        let text = yaml(&self.service(app, &artifact)?);
        let rendered = rendering.app(name);
        rendered.warnings = warnings(PLATFORM, app, |key| self.carries(key));
        rendered.warnings.extend(changed);
        let auth = auth_not_supported(PLATFORM, name, &artifact);
        rendered.warnings.extend(auth);
        rendered.needs.extend(probe_need(app));
        let secrets = secrets(&artifact.bindings);
        let step = self.deploy_step(app, &secrets);
        rendered.needs.extend(secrets_need(&secrets));
        rendered.taken_variables = secrets.into_iter().map(str::to_owned).collect();
        rendered.artifact = Some(artifact);
        let path = Path::new(name).join(FILE);
        rendering.files.push(RenderedFile::text(path, text));
        rendering.steps.push(step);
        Ok(())
    }

    /// The first command of a service is another than the later ones. Where the state is lost or
    /// old, the other one is right.
    fn deploy_step(&self, app: &AppPlan, secrets: &BTreeSet<&str>) -> Step {
        let name = &*app.name;
        let service = &*self.service_name(name);
        let secrets = secrets.iter().flat_map(|secret| ["--secret", *secret]);
        let secrets: Vec<&str> = secrets.collect();
        let command = |before: &[&str]| {
            let args = [before, &secrets, &[FILE]].concat();
            self.serve(&args, Some(name))
        };
        let up = command(&["up", "--yes", "--service-name", service]);
        let update = command(&["update", "--yes", service]);
        let (command, fallback) = match app.action {
            Action::Create => (up, update),
            _ => (update, up),
        };
        Step {
            fallback: Some(fallback),
            ..Step::new(name, StepKind::Deploy, command)
        }
    }

    /// The name of an app's service.
    fn service_name(&self, app: &str) -> String {
        self.project.service_name(app, SPACE)
    }

    fn serve(&self, args: &[&str], folder: Option<&str>) -> ToolCommand {
        let space = self.project.skypilot.space.as_ref();
        let workspace = space.map(|name| format!("--config=active_workspace={name}"));
        let args = with_flag(args, workspace.as_deref());
        ToolCommand::new(&SKY, &[&["serve"], &*args].concat(), folder)
    }

    fn regions(&self) -> &RegionNames {
        &self.project.skypilot.regions
    }

    /// What is sent beside the image and the parameters.
    fn part(&self, app: &AppPlan) -> Result<TargetPart, Problem> {
        TargetPart::of_clouds(app, self.regions(), |custom| {
            Ok(json!(machines::accelerators(custom)?))
        })
    }

    fn service(&self, app: &AppPlan, artifact: &Artifact) -> Result<Value, Problem> {
        let name = &app.name;
        let service_name = self.service_name(name);
        check_first_letter(PLATFORM, name)?;
        let (image, binary) = image_and_binary(artifact);
        let all = app.all_parameters();
        let port = all
            .number(Key::Port)
            .ok_or_else(|| no_port(PLATFORM, name))?;
        let mut service = Map::new();
        service.insert("name".into(), service_name.into());
        let resources = self.resources(app, artifact, (image, port))?;
        service.insert("resources".into(), resources);
        add_bindings(&artifact.bindings, &mut service);
        service.insert("service".into(), service_section(&all, port));
        let run = format!("exec {}", shell_word(&path_in_image(binary)));
        service.insert("run".into(), run.into());
        Ok(service.into())
    }

    fn resources(
        &self,
        app: &AppPlan,
        artifact: &Artifact,
        (image, port): (&str, u32),
    ) -> Result<Value, Problem> {
        let machines = app.machine_types();
        let demands = machine_demands(&machines, artifact);
        let mut resources = Map::new();
        resources.insert("image_id".into(), format!("docker:{image}").into());
        resources.insert("ports".into(), port.into());
        for (key, amount) in [("cpus", demands.millicores), ("memory", demands.ram_mb)] {
            let text = amount.map(|amount| format!("{}+", decimals(amount, 1_000)));
            resources.extend(text.map(|text| (key.into(), text.into())));
        }
        let all = app.all_parameters();
        let regions = region_names::of_app(&all, self.regions());
        let accelerators = machines::accelerators(&machines)?;
        let (key, candidates) = candidates(&accelerators, all.gpus(), &regions);
        if !candidates.is_empty() {
            resources.insert(key.into(), candidates.into());
        }
        Ok(resources.into())
    }
}

/// Adds environment variables, secrets and volumes to a service. Of secrets it has the names: the
/// values come from the flags of the command, which takes them from its environment.
fn add_bindings(bindings: &Bindings, service: &mut Map<String, Value>) {
    if !bindings.env.is_empty() {
        service.insert("envs".into(), json!(bindings.env));
    }
    let secrets = secrets(bindings).into_iter();
    let secrets: Map<String, Value> = secrets.map(|name| (name.into(), Value::Null)).collect();
    if !secrets.is_empty() {
        service.insert("secrets".into(), secrets.into());
    }
    if !bindings.volumes.is_empty() {
        service.insert("volumes".into(), json!(bindings.volumes));
    }
}

/// The names of the secrets: those of the app, and those by which SkyPilot logs in to a registry.
fn secrets(bindings: &Bindings) -> BTreeSet<&str> {
    let login = match bindings.registry_credentials {
        Some(_) => &REGISTRY_LOGIN[..],
        None => &[],
    };
    let secrets = bindings.secrets.iter().map(String::as_str);
    secrets.chain(login.iter().copied()).collect()
}

fn secrets_need(secrets: &BTreeSet<&str>) -> Option<String> {
    let names = secrets.iter().map(|name| format!("`{name}`"));
    let names = joined(names, "and");
    (!secrets.is_empty()).then(|| {
        format!("{names} in the environment of whoever deploys, from where `sky` takes it")
    })
}

/// The machines that a service may have, and the key of their list. Machine types are tried in
/// their order, each in every region; of the regions of a single one the cheapest is taken.
fn candidates(accelerators: &[&String], gpus: u32, regions: &[&str]) -> (&'static str, Vec<Value>) {
    let with_gpus = accelerators.iter().map(|name| {
        let accelerators = json!({*name: gpus});
        Map::from_iter([("accelerators".to_owned(), accelerators)])
    });
    let mut candidates: Vec<Map<String, Value>> = with_gpus.collect();
    if !regions.is_empty() {
        if candidates.is_empty() {
            candidates.push(Map::new());
        }
        let everywhere = candidates.iter().flat_map(|candidate| {
            regions.iter().map(|region| {
                let mut there = candidate.clone();
                there.insert("infra".into(), infra(region).into());
                there
            })
        });
        candidates = everywhere.collect();
    }
    let key = match accelerators.len() {
        0 | 1 if regions.len() > 1 => "any_of",
        _ => "ordered",
    };
    (key, candidates.into_iter().map(Value::from).collect())
}

/// A region as SkyPilot writes it: of a cloud, or of any cloud.
fn infra(region: &str) -> String {
    match region.contains('/') {
        true => region.into(),
        false => format!("*/{region}"),
    }
}

impl Target for SkyPilot {
    fn name(&self) -> &'static str {
        NAME
    }

    fn find_place(&self, _: Limits) -> Option<String> {
        self.project.cloud_place(SPACE, &self.project.skypilot)
    }

    fn carries(&self, key: Key) -> Carries<'_> {
        match key {
            Key::MachineType
            | Key::Gpus
            | Key::StartupTimeout
            | Key::Port
            | Key::HealthCheck
            | Key::MinConcurrency
            | Key::MaxConcurrency
            | Key::RequestTimeout => Carries::Exactly,
            Key::MaxMultiplexing => requests_per_second(PLATFORM),
            Key::KeepAlive | Key::ScalingDelay | Key::ConcurrencyBuffer => {
                only_if_scaled(PLATFORM, key)
            }
            Key::Regions => region_names::rule(
                "yes, if `skypilot.regions` of the settings has SkyPilot's name",
                "SkyPilot",
                NAME,
                self.regions(),
            ),
            Key::TerminationGracePeriod | Key::ConcurrencyBufferPerc | Key::RequestStartTimeout => {
                Carries::Not("")
            }
        }
    }

    fn needs_image(&self) -> bool {
        true
    }

    fn checks(&self, limits: Limits, _: bool) -> Vec<Check> {
        vec![check_tool(&SKY, limits)]
    }

    fn commit_place(&self) -> Option<&'static str> {
        // Labels of replicas would start new replicas with every commit.
        None
    }

    fn list_command(&self) -> Option<ToolCommand> {
        None
    }

    fn read_list(&self, _: &str, _: &Deployed) -> Result<Live, String> {
        Err("SkyServe does not report the parameters of a service".into())
    }

    fn status_question(&self, app: &str) -> Option<StatusQuestion> {
        Some(StatusQuestion {
            command: self.serve(&["status", &self.service_name(app)], None),
            is_asked_before: true,
        })
    }

    fn read_status(&self, text: &str, app: AwaitedApp<'_>) -> Result<Status, String> {
        let service = self.service_name(app.name);
        status::read(
            text,
            AwaitedApp {
                name: &service,
                ..app
            },
        )
    }

    fn logs(&self, app: &str, args: &[String]) -> Result<Handover<ToolCommand>, Problem> {
        let logs = self.serve(&["logs", &self.service_name(app)], None);
        if status::choose_logs(args) {
            return Ok(Handover::Known(logs.with_args(args)));
        }
        let (name, args) = (app.to_owned(), args.to_vec());
        let service = self.service_name(app);
        let status = self.serve(&["status", &self.service_name(app)], None);
        Ok(Handover::ask(status, move |text| {
            let replica = status::newest_replica(text, &service).ok_or_else(|| {
                Problem::new(format!("`{name}` has no replica, so there are no logs")).help(
                    format!(
                        "see those of its controller with `cargo machinist logs {name} -- \
                         --controller`"
                    ),
                )
            })?;
            let logs = logs.clone().with_args(&[replica.to_owned()]);
            Ok(logs.with_args(&args))
        }))
    }

    fn url(&self, app: &str) -> Result<Handover<String>, Problem> {
        let service = self.service_name(app);
        let endpoint = ["status", "--endpoint", &service];
        let name = app.to_owned();
        let command = self.serve(&endpoint, None);
        Ok(Handover::ask(command, move |text| {
            let endpoint = text.lines().map(str::trim).rfind(|line| !line.is_empty());
            let endpoint = endpoint.filter(|endpoint| *endpoint != "-");
            let url = endpoint.map(|endpoint| match endpoint.contains("://") {
                true => endpoint.to_owned(),
                false => format!("http://{endpoint}"),
            });
            checked_url(&name, url.as_deref())
        }))
    }

    fn deploy(&self, plan: &Plan, _: &Deployed) -> Result<Rendering, Problem> {
        let add = |app: &AppPlan, rendering: &mut Rendering| self.add_app(app, rendering);
        each_app(plan, add, |app| {
            self.serve(&["down", "--yes", &self.service_name(app)], None)
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

/// SkyServe probes every service, and sends no request to one that does not answer.
fn probe_need(app: &AppPlan) -> Option<String> {
    let name = &app.name;
    let has_path = app.all_parameters().contains(Key::HealthCheck);
    (!has_path).then(|| {
        format!(
            "`{name}` to answer `GET {DEFAULT_PROBE}` when it is ready: {PLATFORM} probes this \
             path, because `health_check` is not set"
        )
    })
}

/// How the service is served and scaled. If SkyServe needs a value that is not set, it gets the
/// default of the catalogue's platform.
fn service_section(all: &Parameters, port: u32) -> Value {
    let (min, max) = all.replicas();
    let mut policy = Map::new();
    policy.insert("min_replicas".into(), min.into());
    policy.insert("max_replicas".into(), max.into());
    if fixed_replicas(all).is_none() {
        let requests = all.number_or_default(Key::MaxMultiplexing);
        policy.insert("target_qps_per_replica".into(), requests.into());
        for (key, name) in [
            (Key::ScalingDelay, "upscale_delay_seconds"),
            (Key::KeepAlive, "downscale_delay_seconds"),
        ] {
            let seconds = all.number(key);
            policy.extend(seconds.map(|seconds| (name.into(), seconds.into())));
        }
        let buffer = all.number(Key::ConcurrencyBuffer);
        let buffer = buffer.filter(|buffer| *buffer > 0);
        policy.extend(buffer.map(|buffer| ("num_overprovision".into(), buffer.into())));
    }
    let mut service = Map::new();
    service.insert("ports".into(), port.into());
    service.insert(
        "readiness_probe".into(),
        json!({
            "path": all.health_check_path().unwrap_or(DEFAULT_PROBE),
            "initial_delay_seconds": all.number_or_default(Key::StartupTimeout),
        }),
    );
    if let Some(seconds) = all.number(Key::RequestTimeout) {
        let balancer = json!({"stream_timeout_seconds": seconds});
        service.insert("load_balancer".into(), balancer);
    }
    service.insert("replica_policy".into(), policy.into());
    service.into()
}
