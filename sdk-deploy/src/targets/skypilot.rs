//! The target `skypilot`: SkyServe, the serving part of SkyPilot, by `sky`.
//!
//! An update replaces the whole service, so tuned values come from the state.

use std::path::Path;

use machinist_core::parameter;
use machinist_core::problem::Problem;
use serde_json::{Map, Value, json};

use super::binary::{binary_to_run, path_in_image};
use super::digest::digest;
use super::each_app::each_app;
use super::interface::{Contents, Project, RenderedFile, Rendering, Step, StepKind, Target};
use super::messages::{
    image_is_kept, no_image, no_port, not_supported, requests_per_second, unsupported,
};
use super::yaml::yaml;
use crate::app_plan::{Action, AppPlan, Plan};
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::live::Live;
use crate::machines;
use crate::parameters::{self, Parameters};
use crate::tool::{Tool, ToolCommand, shell_word};

/// The target's name.
pub(super) const NAME: &str = "skypilot";

static SKY: Tool = Tool {
    program: "sky",
    install: "`pip install skypilot`, with the extras of your clouds",
};

const FILE: &str = "service.yaml";

/// The keys that it does not support.
const UNSUPPORTED: &[&str] = &[
    parameter::CONCURRENCY_BUFFER_PERC,
    parameter::REQUEST_START_TIMEOUT,
    parameter::TERMINATION_GRACE_PERIOD,
    parameter::REGIONS_KEY,
];

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
        let auth = self.project.settings(name).auth;
        let text = yaml(&self.service(app)?);
        rendering.warnings.extend(warnings(app, auth.as_deref()));
        rendering.artifacts.insert(name.clone(), digest(&text));
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

    fn service(&self, app: &AppPlan) -> Result<Value, Problem> {
        let name = &app.name;
        let settings = self.project.settings(name);
        let image = settings.image.ok_or_else(|| no_image("SkyServe", name))?;
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let message = format!("the name of a SkyServe service begins with a letter: `{name}`");
            return Err(Problem::new(message).help("give the app another name"));
        }
        let all = app.all_parameters();
        let number = |key: &str| parameters::number(&all, key);
        let port = number(parameter::PORT).ok_or_else(|| no_port("SkyServe", name))?;
        let binary = binary_to_run(app, settings.bin.as_deref())?;
        Ok(json!({
            "name": name,
            "resources": self.resources(app, &image, port)?,
            "service": service_section(&all, port),
            "run": format!("exec {}", shell_word(&path_in_image(&binary))),
        }))
    }

    fn resources(&self, app: &AppPlan, image: &str, port: u64) -> Result<Value, Problem> {
        let code = app.effective.clone().unwrap_or_default().code;
        let machines = machines::named_in(&code, &app.machines);
        let gpus = parameters::gpus(&code);
        let millicores = machines::smallest(&machines, gpus, |machine| machine.millicores);
        let ram_mb = machines::smallest(&machines, gpus, |machine| machine.ram_mb);
        let mut resources = Map::new();
        resources.insert("image_id".into(), format!("docker:{image}").into());
        resources.insert("ports".into(), port.into());
        resources.insert(
            "cpus".into(),
            format!("{}+", thousandths(millicores)).into(),
        );
        resources.insert("memory".into(), format!("{}+", thousandths(ram_mb)).into());
        let names = machines::accelerators(&machines)?.into_iter();
        let ordered: Vec<Value> = names
            .map(|name| json!({"accelerators": {name: gpus}}))
            .collect();
        if !ordered.is_empty() {
            resources.insert("ordered".into(), ordered.into());
        }
        Ok(resources.into())
    }
}

impl Target for SkyPilot {
    fn name(&self) -> &'static str {
        NAME
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

    fn roll_back(&self, app: &AppPlan, _: &Deploy, after: &Deployed) -> Result<Rendering, Problem> {
        let mut rendering = self.scale(app, after)?;
        rendering.warnings.push(image_is_kept());
        Ok(rendering)
    }
}

/// How the service is served and scaled. If SkyServe needs a value that is not set, it gets the
/// default of the catalogue's platform.
fn service_section(all: &Parameters, port: u64) -> Value {
    let number = |key: &str| parameters::number(all, key);
    let or_default = |key: &str| parameters::number_or_default(all, key);
    let path = parameters::health_check_path(all);
    let mut policy = Map::new();
    let (min, max) = parameters::replicas(all);
    policy.insert("min_replicas".into(), min.into());
    policy.insert("max_replicas".into(), max.into());
    if min != max {
        let requests = or_default(parameter::MAX_MULTIPLEXING);
        policy.insert("target_qps_per_replica".into(), requests.into());
        for (key, name) in [
            (parameter::SCALING_DELAY, "upscale_delay_seconds"),
            (parameter::KEEP_ALIVE, "downscale_delay_seconds"),
        ] {
            policy.extend(number(key).map(|seconds| (name.into(), seconds.into())));
        }
        let buffer = number(parameter::CONCURRENCY_BUFFER).filter(|buffer| *buffer > 0);
        policy.extend(buffer.map(|buffer| ("num_overprovision".into(), buffer.into())));
    }
    let mut service = Map::new();
    service.insert("ports".into(), port.into());
    service.insert(
        "readiness_probe".into(),
        json!({
            "path": path.and_then(Value::as_str).unwrap_or("/"),
            "initial_delay_seconds": or_default(parameter::STARTUP_TIMEOUT),
        }),
    );
    if let Some(seconds) = number(parameter::REQUEST_TIMEOUT) {
        let balancer = json!({"stream_timeout_seconds": seconds});
        service.insert("load_balancer".into(), balancer);
    }
    service.insert("replica_policy".into(), policy.into());
    service.into()
}

/// Thousandths, as a decimal number.
fn thousandths(count: u32) -> String {
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Warnings for what SkyServe does not support.
fn warnings(app: &AppPlan, auth: Option<&str>) -> Vec<Problem> {
    let name = &app.name;
    let all = app.all_parameters();
    let mut warnings = unsupported("SkyServe", app, UNSUPPORTED);
    if all.contains_key(parameter::MAX_MULTIPLEXING) {
        warnings.push(requests_per_second("SkyServe", name));
    }
    let number = |key: &str| parameters::number(&all, key);
    let is_fixed = number(parameter::MIN_CONCURRENCY).is_some()
        && number(parameter::MIN_CONCURRENCY) == number(parameter::MAX_CONCURRENCY);
    for key in [
        parameter::SCALING_DELAY,
        parameter::KEEP_ALIVE,
        parameter::CONCURRENCY_BUFFER,
    ] {
        if is_fixed && all.get(key).is_some_and(|value| *value != 0) {
            warnings.push(Problem::new(format!(
                "`{name}` has a fixed number of replicas, so `{key}` has no effect on SkyServe"
            )));
        }
    }
    if auth.is_some_and(|auth| auth != "public") {
        warnings.push(not_supported("SkyServe", name, "auth"));
    }
    warnings
}
