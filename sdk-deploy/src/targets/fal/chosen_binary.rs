//! The binary that is deployed for an app.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use machinist_core::problem::Problem;

use super::client_files::PYPROJECT;
use super::context::DOCKERFILE;
use super::dockerignore::DOCKERIGNORE;
use crate::app_plan::AppPlan;
use crate::manifest::{Binary, Manifest};
use crate::read::program;
use crate::targets::binary::{check_binary_name, no_binary_name, which_binary};

/// Chooses binaries. Each is read once, however many apps it links.
#[derive(Default)]
pub(super) struct BinaryChoice {
    /// The apps of each binary that was read, by its path.
    apps: RefCell<BTreeMap<PathBuf, BTreeSet<String>>>,
}

impl BinaryChoice {
    /// The one of these binaries that is deployed for an app; `chosen` is the name in the settings.
    pub(super) fn of<'a>(
        &self,
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
                self.check(one, &app.name)?;
                Ok(one)
            }
            _ => Err(no_choice(app, chosen)),
        }
    }

    /// Checks that a binary can run on the platform and links the app.
    fn check(&self, binary: &Binary, app: &str) -> Result<(), Problem> {
        let mut known = self.apps.borrow_mut();
        if !known.contains_key(&binary.path) {
            known.insert(binary.path.clone(), read_apps(binary)?);
        }
        if !known[&binary.path].contains(app) {
            let path = binary.path.display();
            let message = format!("`{path}` does not contain the app `{app}`");
            return Err(Problem::new(message).help("build it again"));
        }
        check_name(&binary.name)
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

/// The names of a binary's apps, if it runs on the platform.
fn read_apps(binary: &Binary) -> Result<BTreeSet<String>, Problem> {
    let program =
        program::identify(&binary.path).map_err(|error| Problem::new(error.to_string()))?;
    if !program.runs_on_linux_x86_64() {
        let help = match program.is_library() {
            true => "give the app to a program, such as a `src/main.rs`, or name an `image`",
            false => "build it with `--target x86_64-unknown-linux-gnu`, or name an `image`",
        };
        return Err(Problem::new(format!(
            "`{}` is {program}, and fal runs programs for linux x86_64",
            binary.path.display()
        ))
        .help(help));
    }
    let manifest = Manifest::read(std::slice::from_ref(binary));
    let manifest = manifest.map_err(|error| Problem::new(error.to_string()))?;
    Ok(manifest.apps.into_iter().map(|app| app.name).collect())
}

fn check_name(name: &str) -> Result<(), Problem> {
    let note = match name {
        DOCKERFILE | DOCKERIGNORE | PYPROJECT => "the context has a file of its own of that name",
        name if name.contains("--") => {
            "the client takes what follows `--` in a `Dockerfile` for an option"
        }
        name => return check_binary_name(name),
    };
    Err(no_binary_name(name).note(note))
}
