//! What platforms that run images are sent for an app.

use machinist_core::problem::Problem;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::binary::binary_to_run;
use super::digest::hex;
use super::interface::Project;
use super::machine_demands::{custom_machines, machine_settings, sent_requirements};
use super::messages::no_image;
use super::region_names::{self, RegionNames};
use crate::app_plan::AppPlan;
use crate::artifact::{Artifact, SentNodeLabels, SentRegionNames};
use crate::machines::CustomMachine;
use crate::requirements::Requirements;

/// What a target sends for an app beside its image and its parameters.
pub(super) struct TargetPart {
    /// What is asked of a machine.
    pub(super) requires: Requirements,
    /// The platform's names of its regions.
    pub(super) region_names: SentRegionNames,
    /// What else the project sets for the target.
    pub(super) settings: Map<String, Value>,
    /// The label of nodes that names their GPU, if the project sets it.
    pub(super) gpu_label: Option<String>,
    /// The values of that label by machine type, where the project sets them.
    pub(super) node_labels: SentNodeLabels,
}

impl TargetPart {
    /// What is sent to a platform of clouds. `names` gives its names of the project's own machine
    /// types.
    pub(super) fn of_clouds(
        app: &AppPlan,
        regions: &RegionNames,
        names: impl FnOnce(&[CustomMachine]) -> Result<Value, Problem>,
    ) -> Result<Self, Problem> {
        let machines = app.machine_types();
        let custom = custom_machines(&machines, app);
        Ok(Self {
            requires: sent_requirements(&app.requires, &machines),
            region_names: region_names::by_region(&app.all_parameters(), regions),
            settings: machine_settings(&custom, names(&custom)?),
            gpu_label: None,
            node_labels: SentNodeLabels::new(),
        })
    }
}

/// What is sent for an app: what the code and the settings say for a deploy; what was deployed for
/// a tuning, and what is restored for a rollback. With a warning if settings of the target changed
/// since: those that are sent always are the current ones.
pub(super) fn image_artifact(
    platform: &str,
    app: &AppPlan,
    project: &Project,
    target_part: TargetPart,
) -> Result<(Artifact, Option<Problem>), Problem> {
    let TargetPart {
        requires,
        region_names,
        settings,
        gpu_label,
        node_labels,
    } = target_part;
    let digest = || hex(Sha256::digest(Value::from(settings.clone()).to_string()));
    let settings_digest = (!settings.is_empty()).then(digest);
    if let Some(deployed) = &app.artifact {
        if deployed.image.is_none() {
            return Err(not_recorded(&app.name));
        }
        let now = Artifact {
            region_names,
            settings_digest,
            gpu_label,
            node_labels,
            ..deployed.clone()
        };
        let is_changed = !deployed.changes(&now).is_empty();
        let warning = is_changed.then(|| settings_changed(platform, &app.name));
        return Ok((deployed.clone(), warning));
    }
    let settings = project.settings(&app.name);
    let image = settings
        .image
        .ok_or_else(|| no_image(platform, &app.name))?;
    let artifact = Artifact {
        binary: Some(binary_to_run(app, settings.bin.as_deref())?),
        image: Some(image),
        auth: settings.auth,
        bindings: settings.bindings,
        requires,
        region_names,
        settings_digest,
        gpu_label,
        node_labels,
        ..Artifact::default()
    };
    Ok((artifact, None))
}

/// The image of an artifact, and the name of the binary that it runs.
pub(super) fn image_and_binary(artifact: &Artifact) -> (&str, &str) {
    (
        artifact.image.as_deref().unwrap_or_default(),
        artifact.binary.as_deref().unwrap_or_default(),
    )
}

fn not_recorded(app: &str) -> Problem {
    Problem::new(format!(
        "the state does not record the image that `{app}` runs"
    ))
    .help("deploy it once, and the state records it")
    .note("the state was written by an earlier version, or the app was never deployed from it")
}

fn settings_changed(platform: &str, app: &str) -> Problem {
    Problem::new(format!(
        "the settings of {platform} changed since `{app}` was deployed, and are applied too"
    ))
    .help("deploy first, to see what changes")
}
