//! Errors and warnings that several targets have.

use machinist_core::problem::Problem;

use crate::app_plan::AppPlan;
use crate::parameters;

pub(super) fn no_image(platform: &str, app: &str) -> Problem {
    Problem::new(format!("{platform} runs images, and `{app}` has none")).help(format!(
        "write `apps.{app}.image = \"...\"` in `[workspace.metadata.machinist]`"
    ))
}

pub(super) fn no_port(platform: &str, app: &str) -> Problem {
    Problem::new(format!("{platform} needs the port of `{app}`"))
        .help("write `port = 8080` in its attribute")
}

/// What the code says and a platform cannot express.
pub(super) fn unsupported(platform: &str, app: &AppPlan, keys: &[&str]) -> Vec<Problem> {
    let all = app.all_parameters();
    let name = &app.name;
    let message = |key| format!("{platform} cannot express `{key}` of `{name}`, and leaves it out");
    let unsupported = keys.iter().filter(|key| parameters::is_set(&all, key));
    unsupported.map(|key| Problem::new(message(key))).collect()
}

pub(super) fn requests_a_second(platform: &str, app: &str) -> Problem {
    Problem::new(format!(
        "{platform} counts requests a second: `max_multiplexing` of `{app}` stands for as many a \
         second, and does not limit them"
    ))
}

/// Where images are built elsewhere, a rollback brings none back.
pub(super) fn image_is_kept() -> Problem {
    Problem::new("only the parameters go back: the image stays the one of the settings")
        .help("set `image` to the earlier one too, and deploy")
}
