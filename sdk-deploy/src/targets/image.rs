//! What platforms that run images are sent for an app.

use machinist_core::problem::Problem;

use super::binary::binary_to_run;
use super::interface::Project;
use super::messages::no_image;
use crate::app_plan::AppPlan;
use crate::artifact::Artifact;

/// What is sent for an app: what the settings say for a deploy; what was deployed for a tuning, and
/// what is restored for a rollback.
pub(super) fn image_artifact(
    platform: &str,
    app: &AppPlan,
    project: &Project,
) -> Result<Artifact, Problem> {
    if let Some(deployed) = &app.artifact {
        return match deployed.image.is_some() {
            true => Ok(deployed.clone()),
            false => Err(not_recorded(&app.name)),
        };
    }
    let settings = project.settings(&app.name);
    let image = settings
        .image
        .ok_or_else(|| no_image(platform, &app.name))?;
    Ok(Artifact {
        binary: Some(binary_to_run(app, settings.bin.as_deref())?),
        image: Some(image),
        auth: settings.auth,
        ..Artifact::default()
    })
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
