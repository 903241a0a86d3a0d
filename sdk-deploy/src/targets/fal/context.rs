//! The folder that the platform builds an image from.
//!
//! It has the files that the `Dockerfile` copies, without those that `.dockerignore` leaves out.
//! The client has rules of its own for both, and other ones than Docker, so it finds only files
//! that are to be sent.

mod collector;
mod size;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use super::client_files::dockerignore;
use super::dockerfile::copied_paths;
use crate::file::cannot_read;
use crate::image_check;
use crate::manifest::Binary;
use crate::rendering::RenderedFile;
use crate::settings::AppSettings;
use crate::targets::binary::{self, path_in_image};
use collector::{Collector, copy_of};

pub(super) use collector::is_copy_of;

/// The name of the generated `Dockerfile`.
pub(super) const DOCKERFILE: &str = "Dockerfile";

/// The image that it is based on.
pub(super) const BASE_IMAGE: &str = "debian:stable-slim";

/// What is in the folder.
#[derive(Clone)]
pub(super) struct Context {
    /// Where the `Dockerfile` is in it.
    pub(super) dockerfile: PathBuf,
    /// The files, sorted, with the `Dockerfile`.
    pub(super) files: Vec<RenderedFile>,
    /// The `.dockerignore` for the client, which without one applies a list of its own.
    pub(super) dockerignore: String,
    /// Whether the `Dockerfile` sets the modes of all files.
    pub(super) sets_modes: bool,
    /// What is probably a mistake.
    pub(super) warnings: Vec<Problem>,
}

impl Context {
    /// The binary, and a `Dockerfile` that runs it.
    pub(super) fn generated(binary: &Binary, settings: &AppSettings) -> Self {
        let name = &binary.name;
        let path = path_in_image(name);
        // JSON forms are neither split nor expanded. `--chmod` is needed because artifact stores
        // lose the mode of binaries.
        let copy = serde_json::json!([name, path]);
        let entrypoint = serde_json::json!([path]);
        let dockerfile =
            format!("FROM {BASE_IMAGE}\nCOPY --chmod=755 {copy}\nENTRYPOINT {entrypoint}\n");
        let unused = settings.context.as_ref().map(|context| {
            let context = context.display();
            Problem::new(format!("nothing of `{context}`, the `context`, is sent"))
                .help("write a `Dockerfile` that copies it, or remove the setting")
                .note("without a `Dockerfile` the image has the binary alone")
        });
        let lack = image_check::warning(name, &binary.path, &dockerfile);
        Self {
            dockerfile: DOCKERFILE.into(),
            files: vec![
                RenderedFile::text(DOCKERFILE, dockerfile),
                copy_of(Path::new(name), &binary.path),
            ],
            dockerignore: dockerignore(Some(Path::new(DOCKERFILE))),
            sets_modes: true,
            warnings: unused.into_iter().chain(lack).collect(),
        }
    }

    /// The files that the project's `Dockerfile` copies.
    pub(super) fn of_dockerfile(
        app: &str,
        binary: &Binary,
        dockerfile: &Path,
        settings: &AppSettings,
        state_file: &Path,
    ) -> Result<Self, Problem> {
        let text = fs::read_to_string(dockerfile).map_err(|error| {
            let note = format!("it is the `dockerfile` of the app `{app}`");
            cannot_read(dockerfile, &error).note(note)
        })?;
        let mut collector = Collector::new(app, binary, dockerfile, settings, state_file)?;
        for copied in copied_paths(dockerfile, &text)? {
            collector.add(&copied)?;
        }
        let mut warnings = collector.warnings();
        match collector.has_binary() {
            true => warnings.extend(image_check::warning(&binary.name, &binary.path, &text)),
            false => warnings.push(binary_not_copied(dockerfile, binary)),
        }
        Ok(Self {
            dockerfile: collector.dockerfile_path().to_owned(),
            dockerignore: dockerignore(collector.excluded_dockerfile()),
            files: collector.into_files()?,
            sets_modes: false,
            warnings,
        })
    }
}

/// The warning for a `Dockerfile` that does not copy the binary that was read.
fn binary_not_copied(dockerfile: &Path, binary: &Binary) -> Problem {
    Problem::new(format!(
        "`{}` does not copy `{}`, the binary that was read",
        dockerfile.display(),
        binary.name
    ))
    .help(format!(
        "write `COPY {} {}` into it: the program that it runs may be of other code",
        binary.name,
        binary::FOLDER
    ))
}
