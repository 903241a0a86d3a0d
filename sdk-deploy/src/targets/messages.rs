//! Errors and warnings that several targets have.

use machinist_core::problem::Problem;

use crate::history::Deploy;

pub(super) fn no_image(platform: &str, app: &str) -> Problem {
    Problem::new(format!(
        "{platform} needs a container image, and `{app}` has none"
    ))
    .help(format!(
        "write `apps.{app}.image = \"...\"` in `[workspace.metadata.machinist]`"
    ))
}

pub(super) fn no_port(platform: &str, app: &str) -> Problem {
    Problem::new(format!("{platform} needs the port of `{app}`"))
        .help("write `port = 8080` in its attribute")
}

/// The warning for a rollback to a deploy of which the image is not recorded.
pub(super) fn image_is_kept(to: &Deploy) -> Option<Problem> {
    to.artifact.is_none().then(|| {
        Problem::new(
            "only the parameters are rolled back: the image of that deploy is not recorded",
        )
        .help("to restore the image too, set `image` to it and deploy")
    })
}
