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

/// Checks an app's name on a platform whose services have names that begin with a letter.
pub(super) fn check_first_letter(platform: &str, app: &str) -> Result<(), Problem> {
    match app.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => Ok(()),
        false => Err(Problem::new(format!(
            "the name of a {platform} service begins with a letter: `{app}`"
        ))
        .help("give the app another name")),
    }
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
