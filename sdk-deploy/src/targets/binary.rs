//! The binary that a platform runs for an app, and its path in the container's image.

use machinist_core::problem::Problem;
use machinist_core::text::visible;

use crate::app_plan::AppPlan;

/// The folder of the binary in the container's image.
pub(super) const FOLDER: &str = "/usr/local/bin/";

/// The path of a binary in the container's image.
pub(super) fn path_in_image(binary: &str) -> String {
    format!("{FOLDER}{binary}")
}

/// The error for an app that several binaries link: a platform runs one.
pub(super) fn which_binary(app: &str, binaries: &[String]) -> Problem {
    let Some(first) = binaries.first() else {
        return Problem::new(format!("no binary links the app `{app}`"));
    };
    let all = binaries.join(", ");
    Problem::new(format!(
        "the app `{app}` is in several binaries, and a deploy needs one: {all}"
    ))
    .help(format!(
        "select one with `--bin {first}`, give `--binary` the file of one alone, or write \
         `apps.{app}.bin = \"{first}\"` in `[workspace.metadata.machinist]`"
    ))
}

/// The name of the binary that a container runs.
pub(super) fn binary_to_run(app: &AppPlan, chosen: Option<&str>) -> Result<String, Problem> {
    let binary = match (chosen, &*app.binaries) {
        (Some(chosen), _) => chosen,
        (None, [one]) => one,
        (None, several) => return Err(which_binary(&app.name, several)),
    };
    check_binary_name(binary)?;
    Ok(binary.into())
}

/// Checks that a binary's name needs no quotes in a `Dockerfile`, a shell or a file system.
pub(super) fn check_binary_name(name: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match name.chars().all(is_plain) && !["", ".", ".."].contains(&name) {
        true => Ok(()),
        false => Err(no_binary_name(name)),
    }
}

pub(super) fn no_binary_name(name: &str) -> Problem {
    let name = visible(name);
    Problem::new(format!(
        "a binary cannot be deployed under the name `{name}`"
    ))
    .help("name it with letters, digits, `-`, `_` and `.`")
}
