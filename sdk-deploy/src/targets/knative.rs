//! The target `knative`: Knative Serving, by `kubectl`.
//!
//! Two field managers share each service. One owns the code's values and restores them with every
//! deploy. The other owns the scaling of the first deploy, which may be tuned on the cluster.

mod bindings;
mod container_fields;
mod extras;
mod live;
mod managers;
mod node_labels;
mod nodes;
mod parameters;
mod place;
mod service;
pub(super) mod settings;

use std::path::Path;

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use machinist_core::setting::Setting;

use super::carries::{Carries, auth_not_supported, warnings};
use super::each_app::each_app;
use super::image::{TargetPart, image_artifact};
use super::interface::{Project, Target};
use super::messages::image_is_kept;
use super::region_names;
use super::yaml::yaml;
use crate::app_plan::{Action, AppPlan, Plan};
use crate::deployed::Deployed;
use crate::history::Deploy;
use crate::limits::Limits;
use crate::live::Live;
use crate::parameters::Overrides;
use crate::rendering::{RenderedFile, Rendering, Step, StepKind};
use crate::requirements::Requirements;
use crate::tool::{Tool, ToolCommand};
use managers::{CODE_MANAGER, SCALING_MANAGER};
use parameters::PLATFORM;
use service::Service;
use settings::KnativeSettings;
pub(super) use settings::NAME;

static KUBECTL: Tool = Tool {
    program: "kubectl",
    install: "your system's packages",
};

const CODE_FILE: &str = "code.yaml";
const SCALING_FILE: &str = "scaling.yaml";
const ALL_FILE: &str = "all.yaml";

/// The target `knative`.
pub(super) struct Knative {
    project: Project,
}

impl Knative {
    pub(super) fn new(project: Project) -> Self {
        Self { project }
    }

    fn settings(&self) -> &KnativeSettings {
        &self.project.knative
    }

    fn kubectl(&self, args: &[&str], folder: Option<&str>) -> ToolCommand {
        let settings = self.settings();
        let flag = |flag: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("--{flag}={value}"))
        };
        let flags = [
            flag("context", &settings.context),
            flag("namespace", &settings.namespace),
        ];
        let flags = flags.iter().flatten().map(String::as_str);
        let all: Vec<&str> = flags.chain(args.iter().copied()).collect();
        ToolCommand::new(&KUBECTL, &all, folder)
    }

    /// Applies a file as one of the managers; `force` overrides changes of others.
    fn apply_step(&self, app: &str, file: &str, manager: &str, force: bool) -> Step {
        let manager = format!("--field-manager={manager}");
        let mut args = vec!["apply", "--server-side", &manager];
        if force {
            args.push("--force-conflicts");
        }
        args.extend(["-f", file]);
        Step::new(app, StepKind::Deploy, self.kubectl(&args, Some(app)))
    }

    /// Sets single scaling parameters, and removes those that are `None`.
    fn patch_step(&self, app: &AppPlan, values: &Overrides) -> Option<Step> {
        let patch = service::scaling_patch(values)?.to_string();
        let manager = format!("--field-manager={SCALING_MANAGER}");
        let args = [
            "patch",
            "ksvc",
            &app.name,
            "--type=merge",
            &manager,
            "--patch",
            &patch,
        ];
        Some(Step::new(
            &app.name,
            StepKind::Scale,
            self.kubectl(&args, None),
        ))
    }

    fn add_app(&self, app: &AppPlan, rendering: &mut Rendering) -> Result<(), Problem> {
        let part = self.part(app);
        let (artifact, changed) = image_artifact(PLATFORM, app, &self.project, part)?;
        let service = Service::new(app, &artifact, self.settings());
        service.check()?;
        let (code, scaling) = (service.code_part(), service.scaling_part());
        let rendered = rendering.app(&app.name);
        rendered.warnings = warnings(PLATFORM, app, |key| self.carries(key));
        let auth = auth_not_supported(PLATFORM, &app.name, &artifact);
        rendered.warnings.extend(auth);
        rendered.warnings.extend(changed);
        rendered.needs = service.needs();
        rendered.artifact = Some(artifact);
        let files = [
            (CODE_FILE, yaml(&code)),
            (SCALING_FILE, yaml(&scaling)),
            (ALL_FILE, yaml(&service::merged(scaling, code))),
        ];
        let folder = Path::new(&app.name);
        let files = files.map(|(file, text)| RenderedFile::text(folder.join(file), text));
        rendering.files.extend(files);
        Ok(())
    }

    /// Renders the code's part and the changed scaling of a deployed app.
    fn update(&self, app: &AppPlan) -> Result<Rendering, Problem> {
        let mut rendering = Rendering::default();
        self.add_app(app, &mut rendering)?;
        let code = self.apply_step(&app.name, CODE_FILE, CODE_MANAGER, true);
        rendering.steps.push(code);
        let patch = self.patch_step(app, &changed_scaling(app, |_| true));
        rendering.steps.extend(patch);
        Ok(rendering)
    }

    /// What is sent beside the image and the parameters.
    fn part(&self, app: &AppPlan) -> TargetPart {
        let bindings = self.project.bindings(app);
        TargetPart {
            requires: Requirements::default(),
            region_names: region_names::by_region(&app.all_parameters(), &self.settings().regions),
            settings: service::settings_sent(app, &bindings, self.settings()),
            gpu_label: service::gpu_label_sent(app, self.settings()),
            node_labels: service::node_labels_sent(app, self.settings()),
        }
    }

    fn deploy_steps(&self, app: &AppPlan) -> Vec<Step> {
        let name = &app.name;
        let code = self.apply_step(name, CODE_FILE, CODE_MANAGER, true);
        if app.action == Action::Create {
            // A service that our own first deploy left behind is ours to overwrite; one that
            // somebody else made in the meantime is not.
            let force = app.is_half_created;
            let all = self.apply_step(name, ALL_FILE, SCALING_MANAGER, force);
            // Otherwise values that the code removes later would be kept by a second owner.
            let only_scaling = self.apply_step(name, SCALING_FILE, SCALING_MANAGER, force);
            return vec![all, code, only_scaling];
        }
        if app.reset {
            // Applying the file does not remove values that it does not have, so they are removed
            // here.
            let removed = changed_scaling(app, |to| to.is_none());
            let scaling = self.apply_step(name, SCALING_FILE, SCALING_MANAGER, true);
            let patch = self.patch_step(app, &removed);
            return [code, scaling].into_iter().chain(patch).collect();
        }
        let patch = self.patch_step(app, &changed_scaling(app, |_| true));
        [code].into_iter().chain(patch).collect()
    }
}

impl Target for Knative {
    fn name(&self) -> &'static str {
        NAME
    }

    fn find_place(&self, limits: Limits) -> Option<String> {
        let settings = self.settings();
        let (context, namespace) = (settings.context.as_deref(), settings.namespace.as_deref());
        if context.is_some() && namespace.is_some() {
            return place::text(context, namespace);
        }
        let command = ToolCommand::new(&KUBECTL, &["config", "view", "--output=json"], None);
        place::read(&command.read(limits).ok()?, settings)
    }

    fn carries(&self, key: Key) -> Carries<'_> {
        parameters::carries(key, self.settings())
    }

    fn list_command(&self) -> Option<ToolCommand> {
        Some(self.kubectl(
            &["get", "ksvc", "--output=json", "--show-managed-fields"],
            None,
        ))
    }

    fn read_list(&self, text: &str, known: &Deployed) -> Result<Live, String> {
        live::parse(text, known, self.settings())
    }

    fn deploy(&self, plan: &Plan, _: &Deployed) -> Result<Rendering, Problem> {
        let add = |app: &AppPlan, rendering: &mut Rendering| {
            self.add_app(app, rendering)?;
            rendering.steps.extend(self.deploy_steps(app));
            Ok(())
        };
        each_app(plan, add, |app| {
            self.kubectl(&["delete", "ksvc", app, "--ignore-not-found"], None)
        })
    }

    fn scale(&self, app: &AppPlan, _: &Deployed) -> Result<Rendering, Problem> {
        // The code's part has the regions, because Knative has no place for them in its scaling.
        if app.scaling_changes().any(|(key, _)| key == Key::Regions) {
            return self.update(app);
        }
        let mut rendering = Rendering::default();
        let rendered = rendering.app(&app.name);
        rendered.warnings = warnings(PLATFORM, app, |key| self.carries(key));
        let patch = self.patch_step(app, &changed_scaling(app, |_| true));
        rendering.steps.extend(patch);
        Ok(rendering)
    }

    fn roll_back(&self, app: &AppPlan, to: &Deploy, _: &Deployed) -> Result<Rendering, Problem> {
        let mut rendering = self.update(app)?;
        rendering.app(&app.name).warnings.extend(image_is_kept(to));
        Ok(rendering)
    }
}

/// The scaling parameters that change, with their new values; `None` if one is removed.
fn changed_scaling(app: &AppPlan, is_included: impl Fn(Option<&Setting>) -> bool) -> Overrides {
    app.scaling_changes()
        .filter(|(_, value)| is_included(*value))
        .map(|(key, value)| (key, value.cloned()))
        .collect()
}
