//! The target `skypilot`: SkyServe, the serving part of SkyPilot, by `sky`.
//!
//! An update replaces the whole service, so tuned values come from the state.

use std::path::Path;

use machinist_core::number::decimals;
use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use serde_json::{Map, Value, json};

use super::binary::path_in_image;
use super::carries::{
    Carries, fixed_replicas, not_supported, only_if_scaled, requests_per_second, warnings,
};
use super::each_app::each_app;
use super::image::{image_and_binary, image_artifact};
use super::interface::{Project, Target};
use super::messages::{image_is_kept, no_port};
use super::yaml::yaml;
use crate::app_plan::{Action, AppPlan, Plan};
use crate::artifact::Artifact;
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::live::Live;
use crate::machines;
use crate::parameters::Parameters;
use crate::rendering::{Contents, RenderedFile, Rendering, Step, StepKind};
use crate::tool::{Tool, ToolCommand, shell_word};

/// The target's name.
pub(super) const NAME: &str = "skypilot";

static SKY: Tool = Tool {
    program: "sky",
    install: "`pip install skypilot`, with the extras of your clouds",
};

/// What people call it.
const PLATFORM: &str = "SkyServe";

const FILE: &str = "service.yaml";
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
        let artifact = image_artifact(PLATFORM, app, &self.project)?;
        let text = yaml(&service(app, &artifact)?);
        let rendered = rendering.app(name);
        rendered.warnings = warnings(PLATFORM, app, |key| self.carries(key));
        if artifact.auth.as_ref().is_some_and(|auth| auth != "public") {
            rendered
                .warnings
                .push(not_supported(PLATFORM, name, "auth"));
        }
        rendered.needs.extend(probe_need(app));
        rendered.artifact = Some(artifact);
        rendering.files.push(RenderedFile {
            path: Path::new(name).join(FILE),
            contents: Contents::Text(text),
        });
        let args: &[&str] = match app.action {
            Action::Create => &["serve", "up", "--yes", "--service-name", name, FILE],
            _ => &["serve", "update", "--yes", name, FILE],
        };
        let command = ToolCommand::new(&SKY, args, Some(name));
        rendering
            .steps
            .push(Step::new(name, StepKind::Deploy, command));
        Ok(())
    }
}

fn service(app: &AppPlan, artifact: &Artifact) -> Result<Value, Problem> {
    let name = &app.name;
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message = format!("the name of a SkyServe service begins with a letter: `{name}`");
        return Err(Problem::new(message).help("give the app another name"));
    }
    let (image, binary) = image_and_binary(artifact);
    let all = app.all_parameters();
    let port = all
        .number(Key::Port)
        .ok_or_else(|| no_port(PLATFORM, name))?;
    Ok(json!({
        "name": name,
        "resources": resources(app, image, port)?,
        "service": service_section(&all, port),
        "run": format!("exec {}", shell_word(&path_in_image(binary))),
    }))
}

fn resources(app: &AppPlan, image: &str, port: u32) -> Result<Value, Problem> {
    let code = app.effective.clone().unwrap_or_default().code;
    let machines = machines::named_in(&code, &app.machines);
    let gpus = code.gpus();
    let (ram_mb, millicores) = machines::smallest_runner(&machines, gpus);
    let mut resources = Map::new();
    resources.insert("image_id".into(), format!("docker:{image}").into());
    resources.insert("ports".into(), port.into());
    resources.insert(
        "cpus".into(),
        format!("{}+", decimals(millicores, 1_000)).into(),
    );
    resources.insert(
        "memory".into(),
        format!("{}+", decimals(ram_mb, 1_000)).into(),
    );
    let names = machines::accelerators(&machines)?.into_iter();
    let ordered: Vec<Value> = names
        .map(|name| json!({"accelerators": {name: gpus}}))
        .collect();
    if !ordered.is_empty() {
        resources.insert("ordered".into(), ordered.into());
    }
    Ok(resources.into())
}

impl Target for SkyPilot {
    fn name(&self) -> &'static str {
        NAME
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
            Key::TerminationGracePeriod
            | Key::ConcurrencyBufferPerc
            | Key::RequestStartTimeout
            | Key::Regions => Carries::Not(""),
        }
    }

    fn list_command(&self) -> Option<ToolCommand> {
        None
    }

    fn read_list(&self, _: &str, _: &Deployed) -> Result<Live, String> {
        Err("SkyServe does not report the parameters of a service".into())
    }

    fn deploy(&self, plan: &Plan, _: &Deployed) -> Result<Rendering, Problem> {
        let add = |app: &AppPlan, rendering: &mut Rendering| self.add_app(app, rendering);
        each_app(plan, add, |app| {
            ToolCommand::new(&SKY, &["serve", "down", "--yes", app], None)
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
