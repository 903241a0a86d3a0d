//! The binary that is deployed for an app.

use machinist_core::problem::Problem;

use super::context::{DOCKERFILE, PYPROJECT};
use super::dockerignore::DOCKERIGNORE;
use crate::app_plan::AppPlan;
use crate::manifest::{Binary, Manifest};
use crate::read::program;
use crate::targets::binary::{check_binary_name, no_binary_name, which_binary};

/// The one of these binaries that is deployed for an app; `chosen` is the name in the settings.
pub(super) fn choose<'a>(
    app: &AppPlan,
    chosen: Option<&str>,
    binaries: &'a [Binary],
) -> Result<&'a Binary, Problem> {
    let names = app.binaries.iter();
    let names = names.filter(|name| chosen.is_none_or(|chosen| chosen == *name));
    let read = |name: &String| binaries.iter().find(|binary| binary.name == *name);
    let candidates: Vec<&Binary> = names.filter_map(read).collect();
    match *candidates {
        [one] => {
            check(one, &app.name)?;
            Ok(one)
        }
        _ => Err(no_choice(app, chosen)),
    }
}

fn no_choice(app: &AppPlan, chosen: Option<&str>) -> Problem {
    match chosen {
        Some(chosen) => Problem::new(format!(
            "no binary `{chosen}` that links the app `{}` was read",
            app.name
        ))
        .help(format!(
            "binaries that link it are {}",
            app.binaries.join(", ")
        )),
        None => which_binary(&app.name, &app.binaries),
    }
}

/// Checks that a binary can run on the platform and links the app.
fn check(binary: &Binary, app: &str) -> Result<(), Problem> {
    let path = binary.path.display();
    let program =
        program::identify(&binary.path).map_err(|error| Problem::new(error.to_string()))?;
    if !program.runs_on_linux_x86_64() {
        return Err(Problem::new(format!(
            "`{path}` is {program}, and fal runs programs for linux x86_64"
        ))
        .help("build it with `--target x86_64-unknown-linux-gnu`, or name an `image`"));
    }
    let manifest = Manifest::read(std::slice::from_ref(binary));
    let manifest = manifest.map_err(|error| Problem::new(error.to_string()))?;
    if !manifest.apps.iter().any(|found| found.name == app) {
        let message = format!("`{path}` does not contain the app `{app}`");
        return Err(Problem::new(message).help("build it again"));
    }
    let reserved = [DOCKERFILE, DOCKERIGNORE, PYPROJECT];
    if binary.name.contains("--") || reserved.contains(&&*binary.name) {
        return Err(no_binary_name(&binary.name)
            .note("the client takes what follows `--` in a `Dockerfile` for an option"));
    }
    check_binary_name(&binary.name)
}
