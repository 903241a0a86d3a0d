//! The apps of binaries, which cargo builds or which were built elsewhere.

use std::collections::BTreeSet;
use std::path::Path;

use machinist_deploy::{Binary, Manifest, WHY_LOST};

use crate::args::globals::Globals;
use crate::args::selection::Selection;
use crate::args::source::AppSource;
use crate::cargo;
use crate::context::Context;
use crate::failure::Failure;
use crate::lost_apps::{self, LostApps};
use crate::output::Output;
use crate::workspace::Workspace;

/// The apps of some binaries.
pub(crate) struct LinkedApps {
    /// The apps, with their parameters as the code sets them.
    pub(crate) manifest: Manifest,
    /// The binaries that were read.
    pub(crate) binaries: Vec<Binary>,
    /// Apps that were built but not linked.
    pub(crate) lost: Vec<LostApps>,
    /// The workspace, if there was a build.
    pub(crate) workspace: Option<Workspace>,
}

impl LinkedApps {
    /// Builds and reads what the arguments select.
    pub(crate) fn read(source: &AppSource, context: &Context) -> Result<Self, Failure> {
        if source.binary.is_empty() {
            Self::from_build(&source.selection, &context.globals, &context.output)
        } else {
            Self::from_binaries(source, &context.output)
        }
    }

    fn from_build(
        selection: &Selection,
        globals: &Globals,
        output: &Output,
    ) -> Result<Self, Failure> {
        let build = cargo::build(selection, globals)?;
        if build.binaries.is_empty() {
            return Err(
                Failure::new("the selected packages have no binary and no cdylib to read").help(
                    "select a package that has one with `-p`, or an example with `--example`",
                ),
            );
        }
        let binaries: Vec<Binary> = build
            .binaries
            .iter()
            .map(|binary| Binary {
                name: binary.target.name.clone(),
                path: binary.path.clone(),
            })
            .collect();
        let manifest = read_manifest(&binaries, output)?;
        let lost = lost_apps::find(&build, &manifest)?;
        if manifest.apps.is_empty() {
            return Err(no_apps_found(&binaries, lost));
        }
        Ok(Self {
            manifest,
            binaries,
            lost,
            workspace: Some(Workspace::new(&build.metadata)),
        })
    }

    fn from_binaries(source: &AppSource, output: &Output) -> Result<Self, Failure> {
        if let Some(flag) = source.selection.build_flags().first() {
            let flag = flag.to_string_lossy();
            return Err(Failure::new(format!(
                "`--binary` builds nothing, so `{flag}` has no effect"
            ))
            .help("leave out one of the two"));
        }
        let binaries: Vec<Binary> = source
            .binary
            .iter()
            .map(|file| Binary {
                name: binary_name(file),
                path: file.clone(),
            })
            .collect();
        let manifest = read_manifest(&binaries, output)?;
        if manifest.apps.is_empty() {
            return Err(no_apps_found(&binaries, Vec::new()));
        }
        Ok(Self {
            manifest,
            binaries,
            lost: Vec::new(),
            workspace: None,
        })
    }

    /// Names of binaries that were not read and may have apps: the others of the workspace or,
    /// without a build, the others that deployed apps come from.
    pub(crate) fn unread_binaries(&self, deployed: BTreeSet<String>) -> BTreeSet<String> {
        let is_read = |name: &String| self.binaries.iter().any(|binary| binary.name == *name);
        let known = match &self.workspace {
            Some(workspace) => workspace.binaries.clone(),
            None => deployed,
        };
        known.into_iter().filter(|name| !is_read(name)).collect()
    }
}

/// The file's name without the extension that a platform gives to binaries.
fn binary_name(file: &Path) -> String {
    let of_binaries =
        |extension: &str| matches!(extension, "exe" | "wasm" | "so" | "dylib" | "dll");
    let extension = file.extension().and_then(|extension| extension.to_str());
    let name = match extension {
        Some(extension) if of_binaries(extension) => file.file_stem(),
        _ => file.file_name(),
    };
    name.unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn read_manifest(binaries: &[Binary], output: &Output) -> Result<Manifest, Failure> {
    for binary in binaries {
        output.verbose("Reading", &binary.path.display().to_string());
    }
    Ok(Manifest::read(binaries)?)
}

fn no_apps_found(binaries: &[Binary], lost: Vec<LostApps>) -> Failure {
    let paths: Vec<String> = binaries
        .iter()
        .map(|binary| format!("`{}`", binary.path.display()))
        .collect();
    let places = match paths.len() {
        0..=3 => paths.join(", "),
        count => format!("{count} binaries"),
    };
    let mut failure = Failure::new(format!("no apps found in {places}"));
    if lost.is_empty() {
        return failure
            .help("write `#[machinist::app(machine_type = \"...\")]` above a fn, struct or enum");
    }
    for apps in lost {
        failure.help.extend(apps.report.help);
        failure.note.push(apps.report.message);
    }
    failure.note(WHY_LOST)
}
