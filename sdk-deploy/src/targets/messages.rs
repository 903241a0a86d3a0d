//! Errors and warnings that several targets have.

use machinist_core::problem::Problem;

use crate::app_plan::AppPlan;
use crate::parameters;

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

/// Warnings for keys that are set and that a platform does not support.
pub(super) fn unsupported(platform: &str, app: &AppPlan, keys: &[&str]) -> Vec<Problem> {
    let all = app.all_parameters();
    let keys = keys.iter().filter(|key| parameters::is_set(&all, key));
    keys.map(|key| not_supported(platform, &app.name, key))
        .collect()
}

/// A key that a platform does not support.
pub(super) fn not_supported(platform: &str, app: &str, key: &str) -> Problem {
    Problem::new(format!(
        "`{key}` of `{app}` is not supported by {platform} and is left out"
    ))
}

pub(super) fn requests_per_second(platform: &str, app: &str) -> Problem {
    Problem::new(format!(
        "{platform} scales by requests per second: `max_multiplexing` of `{app}` is used as their \
         number per replica, and does not limit concurrent requests"
    ))
}

/// A rollback cannot restore an image that is built elsewhere.
pub(super) fn image_is_kept() -> Problem {
    Problem::new("only the parameters are rolled back: the image is still the one in the settings")
        .help("to restore the earlier image, set `image` to it and deploy")
}
