//! The apps to work on: built by cargo, or in binaries built elsewhere.

use std::collections::BTreeSet;
use std::path::Path;

use machinist_deploy::{Binary, Manifest, WHY_LOST};

use crate::args::globals::Globals;
use crate::args::selection::Selection;
use crate::args::source::AppSource;
use crate::cargo;
use crate::context::Context;
use crate::failure::Failure;
use crate::lost::{self, LostApps};
use crate::output::Output;
use crate::workspace::Workspace;

/// What was read.
pub(crate) struct Source {
    /// What the code says.
    pub(crate) manifest: Manifest,
    /// Where it was read.
    pub(crate) images: Vec<Binary>,
    /// Apps that were built and not linked.
    pub(crate) lost: Vec<LostApps>,
    /// The workspace that was built.
    pub(crate) workspace: Option<Workspace>,
}

impl Source {
    /// Binaries of which nobody knows whether they have apps: those of the workspace that were not
    /// read, or all others where there was no build.
    pub(crate) fn not_read(&self, known: BTreeSet<String>) -> BTreeSet<String> {
        let read = |name: &String| self.images.iter().any(|image| image.name == *name);
        let all = match &self.workspace {
            Some(workspace) => workspace.binaries.clone(),
            None => known,
        };
        all.into_iter().filter(|name| !read(name)).collect()
    }
}

/// Builds and reads, or only reads.
pub(crate) fn read(source: &AppSource, context: &Context) -> Result<Source, Failure> {
    if source.binary.is_empty() {
        from_build(&source.selection, &context.globals, &context.output)
    } else {
        from_binaries(source, &context.output)
    }
}

fn from_build(
    selection: &Selection,
    globals: &Globals,
    output: &Output,
) -> Result<Source, Failure> {
    let build = cargo::build(selection, globals)?;
    if build.images.is_empty() {
        return Err(
            Failure::new("what was built has no binary and no cdylib to read")
                .help("select a package that has one with `-p`, or an example with `--example`"),
        );
    }
    let images: Vec<Binary> = build
        .images
        .iter()
        .map(|image| Binary {
            name: image.target.name.clone(),
            path: image.path.clone(),
        })
        .collect();
    let manifest = read_images(&images, output)?;
    let lost = lost::find(&build, &manifest)?;
    if manifest.apps.is_empty() {
        return Err(no_apps(&images, lost));
    }
    Ok(Source {
        manifest,
        images,
        lost,
        workspace: Some(Workspace::new(&build.metadata)),
    })
}

fn from_binaries(source: &AppSource, output: &Output) -> Result<Source, Failure> {
    if let Some(flag) = source.selection.build_flags().first() {
        let flag = flag.to_string_lossy();
        return Err(Failure::new(format!(
            "`--binary` builds nothing, so `{flag}` has no effect"
        ))
        .help("leave out one of the two"));
    }
    let images: Vec<Binary> = source
        .binary
        .iter()
        .map(|file| Binary {
            name: binary_name(file),
            path: file.clone(),
        })
        .collect();
    let manifest = read_images(&images, output)?;
    if manifest.apps.is_empty() {
        return Err(no_apps(&images, Vec::new()));
    }
    Ok(Source {
        manifest,
        images,
        lost: Vec::new(),
        workspace: None,
    })
}

/// The file's name without what a platform puts behind it.
fn binary_name(file: &Path) -> String {
    let is_known = |extension: &str| matches!(extension, "exe" | "wasm" | "so" | "dylib" | "dll");
    let extension = file.extension().and_then(|extension| extension.to_str());
    let name = match extension {
        Some(extension) if is_known(extension) => file.file_stem(),
        _ => file.file_name(),
    };
    name.unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn read_images(images: &[Binary], output: &Output) -> Result<Manifest, Failure> {
    for image in images {
        output.verbose("Reading", &image.path.display().to_string());
    }
    Ok(Manifest::read(images)?)
}

fn no_apps(images: &[Binary], lost: Vec<LostApps>) -> Failure {
    let paths: Vec<String> = images
        .iter()
        .map(|image| format!("`{}`", image.path.display()))
        .collect();
    let places = match paths.len() {
        0..=3 => paths.join(", "),
        many => format!("{many} binaries"),
    };
    let mut failure = Failure::new(format!("no apps found in {places}"));
    if lost.is_empty() {
        return failure
            .help("write `#[machinist::app(machine_type = \"...\")]` above a fn, struct or enum");
    }
    for lost in lost {
        failure.help.extend(lost.report.help);
        failure.note.push(lost.report.message);
    }
    failure.note(WHY_LOST)
}
