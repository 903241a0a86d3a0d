//! Errors and warnings that several targets have.

use machinist_core::problem::Problem;

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

/// A rollback cannot restore an image that is built elsewhere.
pub(super) fn image_is_kept() -> Problem {
    Problem::new("only the parameters are rolled back: the image is still the one in the settings")
        .help("to restore the earlier image, set `image` to it and deploy")
}
